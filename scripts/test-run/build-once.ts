import { main } from '../build/main.js'

/** Examples and end-to-end tests run on what would be published; vitest calls this once before them. */
export async function setup(): Promise<void> {
  const code = await main([])
  if (code !== 0) throw new Error('The packages could not be built; run `npm run build` to see why')
}
