import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chdbEvents } from '@millimetric/core/chdb'
import { describe, expect, test } from 'vitest'
import { PERSONAL_DATA } from '../../src/privacy/personal-data.js'
import { EXPIRING } from '../../src/stores/clickhouse/retention.js'
import { migrationPlan } from '../../src/stores/postgres/migrations.js'

interface Table {
  name: string
  columns: string[]
}

/** Columns whose name or type says that they may lead to a person. */
const SUSPECT =
  /(?:^|_)(?:user|anonymous|visitor|visitors|person|session|ip|email|hash|salt|owner|event_id|url|referrer|properties|row)(?:_|$)|AggregateFunction\((?:uniq|arg|group)/i
/** Hashes of the operator's own secrets, and names of what is no person. */
const HARMLESS: ReadonlySet<string> = new Set([
  'api_keys.secret_hash',
  'rollup_days.rows',
  'erasure_records.erasure_id',
])

function clickhouseTables(sql: string): Table[] {
  return [
    ...sql.matchAll(/CREATE TABLE IF NOT EXISTS `?\w+`?\.`?(\w+)`?[^(]*\(\n([\s\S]*?)\n\) ENGINE/g),
  ].map(([, name = '', body = '']) => ({ name, columns: columnsOf(body) }))
}

function postgresTables(sql: string): Table[] {
  return [
    ...sql.matchAll(/create table (?:if not exists )?"?\w+"?\."?(\w+)"? \(([\s\S]*?)\n?\)(?:;|$)/gm),
  ].map(([, name = '', body = '']) => ({ name, columns: columnsOf(body) }))
}

function columnsOf(body: string): string[] {
  return body
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(?:INDEX|primary key|unique|check|foreign)/i.test(line))
}

const plan = chdbEvents({ path: 'never-opened' }).plan()
const tables = { events: clickhouseTables(plan), keys: postgresTables(migrationPlan('millimetric')) }

describe('the registry of personal data', () => {
  test('names every table that migrations make, and no other', () => {
    for (const store of ['events', 'keys'] as const) {
      const registered = PERSONAL_DATA.filter((entry) => entry.store === store).map(({ name }) => name)
      expect(registered.toSorted()).toEqual(tables[store].map(({ name }) => name).toSorted())
    }
  })

  test('every table and view of the schema folder is in the plan that was read', () => {
    const folder = join(import.meta.dirname, '../../src/stores/clickhouse/schema')
    const written = readdirSync(folder).flatMap((file) =>
      [
        ...readFileSync(join(folder, file), 'utf8').matchAll(/CREATE TABLE IF NOT EXISTS \$\{db\}\.(\w+)/g),
      ].map(([, name = '']) => name),
    )
    expect(written.toSorted()).toEqual(
      tables.events
        .map(({ name }) => name)
        .filter((name) => name !== 'migrations')
        .toSorted(),
    )
    const targets = [...plan.matchAll(/CREATE MATERIALIZED VIEW[^;]*? TO `?\w+`?\.(\w+) AS/g)].map(
      ([, to]) => to,
    )
    expect(targets.length).toBeGreaterThan(0)
    const registered = PERSONAL_DATA.map(({ name }) => name)
    expect(targets.filter((to) => !registered.includes(to ?? ''))).toEqual([])
    // A view with a table of its own would hide one from everybody.
    expect(plan).not.toMatch(/CREATE MATERIALIZED VIEW IF NOT EXISTS \S+ ENGINE/)
    // Lightweight deletes and mutations stumble over them.
    expect(plan).not.toMatch(/PROJECTION/i)
  })

  test('names every column that may lead to a person', () => {
    const missing = (['events', 'keys'] as const).flatMap((store) =>
      tables[store].flatMap(({ name, columns }) => {
        const entry = PERSONAL_DATA.find((candidate) => candidate.store === store && candidate.name === name)
        return columns
          .filter((column) => SUSPECT.test(column))
          .map((column) => column.split(' ')[0] ?? '')
          .filter((column) => !entry?.columns.includes(column) && !HARMLESS.has(`${name}.${column}`))
          .map((column) => `${name}.${column}`)
      }),
    )
    expect(missing).toEqual([])
  })

  test('an unregistered table or column is found', () => {
    const [table] = clickhouseTables(
      'CREATE TABLE IF NOT EXISTS `x`.visits (\n  user_id String,\n  n UInt8\n) ENGINE = Null',
    )
    expect(table).toEqual({ name: 'visits', columns: ['user_id String,', 'n UInt8'] })
    expect(SUSPECT.test('user_id String,')).toBe(true)
    expect(SUSPECT.test('visitors AggregateFunction(uniqExact, UInt64)')).toBe(true)
    expect(SUSPECT.test('n UInt8')).toBe(false)
  })

  test('says why, wherever nothing is erased', () => {
    for (const { name, erased, because } of PERSONAL_DATA) {
      if (erased === 'nothing_to_erase') expect(because, name).toMatch(/\w{3}/)
    }
  })

  test('retention reaches what it says', () => {
    const expiring = PERSONAL_DATA.filter(({ expires }) => expires !== undefined).map(({ name }) => name)
    expect(EXPIRING.map(({ table }) => table).toSorted()).toEqual(expiring.toSorted())
  })
})
