import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sourcesResponseSchema } from '@millimetric/schema'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startedBefore } from '../../../scripts/test-run/prepared-keys.js'
import { SEED_TOTALS } from '../src/seed/traffic.js'
import { parseReady, post, type Ready, type Running, read, start, value } from './start.js'

const example = fileURLToPath(new URL('..', import.meta.url))
const root = mkdtempSync(join(tmpdir(), 'millimetric-demo-'))
const running: Running[] = []

function demo(dataDir: string, args: string[], env: Record<string, string> = {}): Running {
  const program = start(example, ['--import', 'tsx', 'src/server.ts', ...args], {
    PORT: '0',
    DATA_DIR: join(root, dataDir),
    ...env,
  })
  running.push(program)
  return program
}

async function ready(program: Running): Promise<Ready> {
  // On a busy machine a month takes its time.
  const [line] = await program.printed('stdout', /^\{.*\}\n/m, 240_000)
  return parseReady(line)
}

interface Table {
  visitors: string | undefined
  sessions: string | undefined
  events: string | undefined
  /** Name, visitors, events and paid share. */
  sources: string[][]
}

const count = (n: number): string => n.toLocaleString('en-US')

function tableIn(text: string): Table {
  const total =
    /^Last 30 days +([\d,]+) visitors, ([\d,]+) sessions \(\d+ % bounced\), ([\d,]+) events$/m.exec(text)
  const [, visitors, sessions, events] = total ?? []
  const [, lines = ''] = /^Top sources +visitors +events +paid\n((?:.+\n)+)/m.exec(text) ?? []
  const sources = lines
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/))
  return { visitors, sessions, events, sources }
}

afterAll(async () => {
  for (const program of running) await program.stop('SIGKILL')
  rmSync(root, { recursive: true, force: true })
})

describe('the demo', () => {
  let server: Running
  let at: Ready
  let month: string
  let from: number
  let stats: (query: string) => Promise<number>

  beforeAll(async () => {
    // The first start is killed in the middle of its seeding; the next one must make it whole.
    const broken = demo('data', ['--json'])
    await broken.printed('stderr', /traffic {2}[23]0 %/)
    await broken.stop('SIGKILL')
    server = demo('data', ['--json'])
    at = await ready(server)
    const seeded: { from: number; to: number } = JSON.parse(
      readFileSync(join(root, 'data', 'seed.json'), 'utf8'),
    )
    from = seeded.from
    month = `from=${new Date(seeded.from).toISOString()}&to=${new Date(seeded.to).toISOString()}`
    stats = (query) => value(`${at.url}/v1/stats?${month}&${query}`, at.keys.rk)
  }, 360_000)

  /** What a table must say, asked over HTTP. It is about the last 30 days by the hour, and an hour may have begun since. */
  async function tablesAsked(): Promise<Table[]> {
    return await Promise.all([from, from + 3_600_000].map(tableAsked))
  }

  async function tableAsked(since: number): Promise<Table> {
    const range = `from=${new Date(since).toISOString()}&to=${new Date().toISOString()}`
    const ask = async (metric: string): Promise<string> =>
      count(await value(`${at.url}/v1/stats?${range}&metric=${metric}`, at.keys.rk))
    const { body } = await read(`${at.url}/v1/sources?${range}&breakdown=source&limit=8`, at.keys.rk)
    const sources = sourcesResponseSchema
      .parse(body)
      .rows.map(({ source, uniques, events, paid_share }) => [
        source,
        count(uniques),
        count(events),
        `${Math.round(paid_share * 100)} %`,
      ])
    const [visitors, sessions, events] = await Promise.all(['uniques', 'sessions', 'count'].map(ask))
    return { visitors, sessions, events, sources }
  }

  it('prints nothing but the one line on stdout', async () => {
    expect(server.stdout().trimEnd().split('\n')).toHaveLength(1)
    expect(at.url).toMatch(/^http:\/\/localhost:\d+$/)
    const seeded = count(SEED_TOTALS.events + SEED_TOTALS.bot_events)
    await server.printed('stderr', new RegExp(`^${seeded} events in `, 'm'))
  })

  it('shows the numbers that it answers', async () => {
    // Two pipes: what was written to one before may be read after the other.
    await server.printed('stderr', /Ctrl\+C ends it/)
    const table = tableIn(server.stderr())
    expect(await tablesAsked()).toContainEqual(table)
    expect(table.sources).toHaveLength(8)
    const paid = table.sources.map(([, , , share]) => share)
    expect(paid).toContain('0 %')
    expect(paid.some((share) => /^[1-9]\d? %$/.test(share ?? ''))).toBe(true)
  })

  it.each([
    ['metric=count', SEED_TOTALS.events],
    ['metric=uniques', SEED_TOTALS.visitors],
    ['metric=sessions', SEED_TOTALS.visits],
    ['metric=pageviews', SEED_TOTALS.pageviews],
    ['metric=count&event=$pageview', SEED_TOTALS.pageviews],
    ['metric=count&event=$identify', SEED_TOTALS.identifies],
    ['metric=count&event=signup', SEED_TOTALS.signups],
    ['metric=count&event=purchase', SEED_TOTALS.purchases],
    ['metric=count&include_bots=true', SEED_TOTALS.events + SEED_TOTALS.bot_events],
    ['metric=uniques&include_bots=true', SEED_TOTALS.visitors + SEED_TOTALS.bot_visitors],
  ])('seeded exactly what it promises, through a crash: %s', async (query, total) => {
    expect(await stats(query)).toBe(total)
  })

  it('shows believable sources: paid, organic, social, email and referrals', async () => {
    const { body } = await read(`${at.url}/v1/sources?${month}&limit=200`, at.keys.rk)
    const rows = JSON.stringify(body.rows)
    for (const medium of ['paid', 'organic', 'social', 'email', 'referral', 'direct']) {
      expect(rows).toContain(`"medium":"${medium}"`)
    }
    for (const source of ['google', 'facebook', 'newsletter', 'direct'])
      expect(rows).toContain(`"source":"${source}"`)
  })

  it('counts an event of a secret key and gives each wrong key its answer', async () => {
    const event = { event: 'demo_test', anonymous_id: 'u_test', event_id: 'demo-test-1' }
    const track = `${at.url}/v1/track`
    const stored = await post(track, at.keys.sk, event)
    expect([stored.status, await stored.json()]).toMatchObject([202, { ok: true, status: 'stored' }])
    expect(await (await post(track, at.keys.sk, event)).json()).toMatchObject({ status: 'duplicate' })
    expect(await value(`${at.url}/v1/stats?range=today&event=demo_test`, at.keys.rk)).toBe(1)

    const wrong = `${at.keys.sk.slice(0, -4)}0000`
    const none = await fetch(track, { method: 'POST', body: '{}' })
    expect([none.status, await none.json()]).toMatchObject([401, { error: 'missing_bearer_token' }])
    expect([(await post(track, wrong, event)).status]).toEqual([401])
    expect((await post(track, 'sk_live', event)).status).toBe(401)
    expect((await post(track, at.keys.rk, event)).status).toBe(403)
    expect((await post(track, at.keys.pk, event)).status).toBe(403)
    expect((await post(track, at.keys.pk, event, { origin: 'https://evil.example' })).status).toBe(403)
    expect((await read(`${at.url}/v1/stats?range=today`, at.keys.pk)).status).toBe(403)
    expect((await read(`${at.url}/v1/stats?range=soon`, at.keys.rk)).status).toBe(400)
  })

  it('takes the public key from its own pages', async () => {
    for (const origin of [at.url, at.url.replace('localhost', '127.0.0.1')]) {
      const response = await post(`${at.url}/v1/track`, at.keys.pk, { event: 'own_page' }, { origin })
      expect(response.status).toBe(202)
      expect(response.headers.get('access-control-allow-origin')).toBe(origin)
    }
  })

  it('serves its page, the tracker, its numbers, and JSON for what it does not know', async () => {
    const page = await (await fetch(at.url)).text()
    expect(page).toContain(`<script async src="/v1/a.js" data-key="${at.keys.pk}">`)
    const loader = await fetch(`${at.url}/v1/a.js`)
    expect([loader.status, loader.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('javascript'),
    ])
    expect((await fetch(`${at.url}/healthz`)).status).toBe(200)
    expect(await (await fetch(`${at.url}/numbers`)).json()).toMatchObject({ latest: expect.any(Array) })
    const unknown = await fetch(`${at.url}/v1/nothing`)
    expect([unknown.status, await unknown.json()]).toMatchObject([404, { error: 'not_found' }])
  })

  it('answers the curl lines it prints', async () => {
    await startedBefore(join(root, 'curl'))
    const lines = demo('curl', ['--no-seed'])
    await lines.printed('stdout', /Ctrl\+C/)
    const commands = lines.stdout().match(/curl (?:[^\n]*\\\n)?[^\n]*/g) ?? []
    expect(commands).toHaveLength(4)
    for (const command of commands) {
      const url = /https?:\/\/[^\s']+/.exec(command)?.[0] ?? ''
      const key = /Bearer ([^']+)/.exec(command)?.[1] ?? ''
      const data = / -d '([^']+)'/.exec(command)?.[1]
      const status = data ? (await post(url, key, JSON.parse(data))).status : (await read(url, key)).status
      expect([command, status]).toEqual([command, data ? 202 : 200])
    }
    expect(await lines.stop('SIGINT')).toBe(0)
  })

  it('keeps its keys to itself', () => {
    expect(statSync(join(root, 'data', 'keys.json')).mode & 0o777).toBe(0o600)
  })

  it('says in one sentence that its port or its data folder is taken', async () => {
    const port = new URL(at.url).port
    await startedBefore(join(root, 'other'))
    const busy = demo('other', ['--no-seed'], { PORT: port })
    expect(await busy.ended()).toBe(1)
    expect(busy.stderr().trim()).toMatch(new RegExp(`^Port ${port} is in use[^\n]*$`))
    const second = demo('data', ['--once'])
    expect(await second.ended()).toBe(1)
    expect(second.stdout()).toBe('')
    expect(second.stderr().trim()).toMatch(/^[^\n]+$/)
    expect(second.stderr()).toMatch(/process/)
    for (const [env, args] of [
      [{ PORT: '70000' }, []],
      [{}, ['--sead']],
    ] as const) {
      const wrong = demo('wrong', [...args], env)
      expect(await wrong.ended()).toBe(1)
      expect(wrong.stderr().trim()).toMatch(/^[^\n]+$/)
      expect(wrong.stderr()).toMatch(args.length === 0 ? /^PORT / : /'--sead'\. The demo takes --once, /)
    }
  })

  it('ends on SIGTERM, finds its data and keys again, and follows a changed port', async () => {
    const tables = await tablesAsked()
    expect(await server.stop('SIGTERM')).toBe(0)

    const printed = demo('data', ['--once'])
    expect(await printed.ended()).toBe(0)
    expect(tables).toContainEqual(tableIn(printed.stdout()))
    expect(printed.stderr()).toBe('')

    const once = demo('data', ['--once', '--json'])
    expect(await once.ended()).toBe(0)
    expect(parseReady(once.stdout()).keys).toEqual(at.keys)
    expect(once.stderr()).not.toContain('Seeding')

    const again = demo('data', ['--json'])
    const now = await ready(again)
    expect(now).toMatchObject({ project_id: at.project_id, keys: at.keys })
    expect(again.stderr()).not.toContain('Seeding')
    const origin = now.url
    expect((await post(`${now.url}/v1/track`, at.keys.pk, { event: 'own_page' }, { origin })).status).toBe(
      202,
    )
    expect(await value(`${now.url}/v1/stats?range=today&event=demo_test`, at.keys.rk)).toBe(1)
    expect(await again.stop('SIGINT')).toBe(0)
  })
})
