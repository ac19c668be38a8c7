import type { NextConfig } from 'next'

const config: NextConfig = {
  // Native and WebAssembly engines are loaded at run time, not bundled; core with them, so that it is one copy.
  serverExternalPackages: ['@millimetric/core', 'chdb', '@electric-sql/pglite'],
  // TypeScript 7 has no compiler API; Next then runs its command.
  experimental: { useTypeScriptCli: true },
}

export default config
