/** Next calls this once when the server starts: the first start makes the project and shows its keys. */
export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME !== 'nodejs') return
  const { analytics } = await import('./lib/analytics')
  if (await analytics.projects.find('site')) return
  const { keys } = await analytics.projects.create({
    slug: 'site',
    allowed_origins: [process.env.SITE_URL ?? 'http://localhost:3000'],
  })
  console.log(`Keys, shown once: ${JSON.stringify(keys)}`)
}
