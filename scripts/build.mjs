import { register } from 'tsx/esm/api'

register()
const { main } = await import('./build/main.ts')
process.exitCode = await main(process.argv.slice(2))
