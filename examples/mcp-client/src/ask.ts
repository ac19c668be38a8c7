import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'

const { MCP_URL: url = 'http://localhost:8787/mcp', MCP_KEY: key } = process.env
if (key === undefined) throw new Error('Set MCP_KEY to a read key: MCP_KEY=rk_live_… npm start')

const client = new Client({ name: 'example', version: '1' }, { versionNegotiation: { mode: 'auto' } })
const requestInit = { headers: { authorization: `Bearer ${key}` } }
await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }))

const { tools } = await client.listTools()
for (const { name, title } of tools) console.log(`${name.padEnd(16)}${title ?? ''}`)

const { structuredContent } = await client.callTool({
  name: 'top_sources',
  arguments: { range: '30d', limit: 5 },
})
console.log(JSON.stringify(structuredContent, null, 2))
await client.close()
