'use client'

import { useEffect, useState } from 'react'

const EVERY_MS = 10_000

/** Visitors of the last five minutes; asks again while somebody is looking. */
export function LiveCounter({ initial, locale }: { initial: number; locale: string }) {
  const [visitors, setVisitors] = useState(initial)
  useEffect(() => {
    const look = async (): Promise<void> => {
      if (document.visibilityState === 'hidden') return
      try {
        const response = await fetch('/dashboard/live')
        if (!response.ok) return
        const answer: { visitors: number } = await response.json()
        setVisitors(answer.visitors)
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
    <p className={visitors > 0 ? 'live' : 'live quiet'} title="Visitors of the last 5 minutes">
      <span className="dot" aria-hidden="true" />
      <b>{visitors.toLocaleString(locale)}</b> {visitors === 1 ? 'person' : 'people'} now
    </p>
  )
}
