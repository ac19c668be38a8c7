import pg from 'pg'
import { postgresKeys } from '../../src/stores/postgres/index.js'

const [connectionString = '', schema = '', pepper = ''] = process.argv.slice(2)
const pool = new pg.Pool({ connectionString })
const { applied } = await postgresKeys({ pool, schema, pepper }).migrate()
await pool.end()
console.info(JSON.stringify(applied))
