import { connection } from 'next/server'
import type { ReactNode } from 'react'
import { SITE } from '../../lib/site'

export const metadata = { title: SITE.name }

/** The pages that are measured. The dashboard has a root layout of its own, so that looking at it counts nobody. */
export default async function Layout({ children }: { children: ReactNode }) {
  // The environment is that of the start, not of the build.
  await connection()
  // The public key of the first start. In the browser the tracker is served by the app itself.
  const key = process.env.MILLIMETRIC_PK
  return (
    <html lang={SITE.locale}>
      <head>{key && <script async src="/api/analytics/v1/a.js" data-key={key} />}</head>
      <body
        style={{
          font: '16px/1.5 system-ui, sans-serif',
          maxWidth: '40rem',
          margin: '3rem auto',
          padding: '0 1rem',
        }}
      >
        {children}
      </body>
    </html>
  )
}
