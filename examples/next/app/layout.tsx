import type { ReactNode } from 'react'

export const metadata = { title: 'Millimetric in Next.js' }

// The public key of the first start. In the browser the tracker is served by the app itself.
const key = process.env.MILLIMETRIC_PK

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <head>{key && <script async src="/api/analytics/v1/a.js" data-key={key} />}</head>
      <body style={{ font: '16px/1.5 system-ui, sans-serif', maxWidth: '40rem', margin: '3rem auto' }}>
        {children}
      </body>
    </html>
  )
}
