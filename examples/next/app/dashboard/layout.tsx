import type { Metadata, Viewport } from 'next'
import type { ReactNode } from 'react'
import { SITE } from '../../lib/site'
import './theme.css'
import './dashboard.css'
import './charts.css'

export const metadata: Metadata = { title: `${SITE.name}: numbers`, robots: { index: false } }

export const viewport: Viewport = {
  colorScheme: 'light dark',
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#f6f6f4' },
    { media: '(prefers-color-scheme: dark)', color: '#0d0e11' },
  ],
}

/** A root layout of its own: without the tracker, as looking at numbers is no visit. */
export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang={SITE.locale}>
      <body>{children}</body>
    </html>
  )
}
