'use client'

import type { ReactNode } from 'react'

/** Sends its form as soon as a zone is chosen. */
export function ZoneSelect({ zone, children }: { zone: string; children: ReactNode }) {
  return (
    <select
      name="timezone"
      aria-label="Time zone"
      defaultValue={zone}
      onChange={(event) => event.currentTarget.form?.requestSubmit()}
    >
      {children}
    </select>
  )
}
