'use client'

import { useEffect, useState } from 'react'

const EVERY_MS = 10_000

/** People of the last five minutes; asks again while somebody is looking. */
export function LiveCounter({ initial, locale }: { initial: number; locale: string }) {
  const [people, setPeople] = useState(initial)
  useEffect(() => {
    const look = async (): Promise<void> => {
      if (document.visibilityState === 'hidden') return
      try {
        const response = await fetch('/dashboard/live')
        if (!response.ok) return
        const answer: { people: number } = await response.json()
        setPeople(answer.people)
      } catch {
        // Without a connection the last number stays; the next round may reach the server.
      }
    }
    const timer = setInterval(look, EVERY_MS)
    document.addEventListener('visibilitychange', look)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', look)
    }
  }, [])
  return (
    <p className={people > 0 ? 'live' : 'live quiet'} title="People of the last 5 minutes">
      <span className="dot" aria-hidden="true" />
      <b>{people.toLocaleString(locale)}</b> {people === 1 ? 'person' : 'people'} now
    </p>
  )
}
