import type { Kysely, RawBuilder } from 'kysely'
import type { KyselyModule } from './dialect.js'
import type { Tables } from './tables.js'

const FIRST_TABLES = ['projects', 'api_keys', 'usage_meter', 'ip_salts', 'jobs', 'migrations'] as const
const TABLES = [...FIRST_TABLES, 'usage_writes'] as const
const SUPABASE_ROLES = ['anon', 'authenticated', 'service_role'] as const

const PROJECT_COLUMNS = 'id, slug, name, owner, allowed_origins, retention_days, timezone, plan, created_at'
const CHANGEABLE = 'name, slug, allowed_origins, timezone'
// All but the hash and the name of its pepper.
const KEY_COLUMNS =
  'id, project_id, owner, kind, env, prefix, scopes, name, created_at, expires_at, revoked_at, last_used_at, replaced_by'

/**
 * Row-level security of the first tables, for a quoted schema name.
 *
 * The owner of the tables (whoever migrates) is not bound by it. Any other role of the library is recognised by
 * what only it has: the right to insert keys.
 */
export function rowLevelSecurity(schema: string): readonly string[] {
  return [
    ...FIRST_TABLES.flatMap((table) => protectTable(schema, table)),
    guardFunction(schema),
    `create trigger projects_guard before update on ${schema}.projects
  for each row execute function ${schema}.guard_project_change()`,
  ]
}

/** Row-level security of one table: for the library, and nobody else. */
export function protectTable(schema: string, table: string): readonly string[] {
  return [
    `alter table ${schema}.${table} enable row level security`,
    `revoke all on ${schema}.${table} from public`,
    `create policy library on ${schema}.${table} for all
  using (${isLibrary(schema)}) with check (${isLibrary(schema)})`,
  ]
}

/**
 * Where Supabase's roles and `auth.uid()` exist, signed-in users read their own rows and change the harmless columns of
 * their projects; nobody else gets anything. Grants that Supabase hands out by default are taken back first, and new
 * ones are by column. May run any number of times.
 */
export function supabasePolicies(schema: string): readonly string[] {
  return [supabase(schema)]
}

/** Whether Supabase's roles and `auth.uid()` are there, and the policies for them are not. */
export async function supabaseLacksPolicies(
  sql: KyselyModule['sql'],
  db: Kysely<Tables>,
  schema: string,
): Promise<boolean> {
  const query: RawBuilder<{ lacking: boolean }> = sql`select to_regprocedure('auth.uid()') is not null
    and (select count(*) from pg_catalog.pg_roles where rolname = any(${[...SUPABASE_ROLES]}::text[])) = ${SUPABASE_ROLES.length}::int
    and not exists (select 1 from pg_catalog.pg_policies
      where schemaname = ${schema} and tablename = 'projects' and policyname = 'owner_reads') as lacking`
  return (await query.execute(db)).rows[0]?.lacking === true
}

/** Named by its oid, so that renaming the schema does not open or close anything. */
function isLibrary(schema: string): string {
  const roles = SUPABASE_ROLES.map((role) => `'${role}'`).join(', ')
  return `current_user not in (${roles})
  and (select pg_catalog.has_table_privilege(current_user, '${schema}.api_keys'::regclass, 'insert'))`
}

/** Grants may be handed out again by hand, so what users may never do is checked here as well. */
function guardFunction(schema: string): string {
  return `create function ${schema}.guard_project_change() returns trigger
  language plpgsql set search_path = pg_catalog as $guard$
begin
  if current_user not in ('anon', 'authenticated') then return new; end if;
  if (new.id, new.owner, new.plan, new.retention_days, new.created_at)
    is distinct from (old.id, old.owner, old.plan, old.retention_days, old.created_at) then
    raise exception 'Only the library changes id, owner, plan, retention_days and created_at.'
      using errcode = '42501';
  end if;
  if new.slug !~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'
    or new.slug ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    raise exception 'slug must be 1-63 of a-z, 0-9 and "-", and no UUID.' using errcode = '23514';
  end if;
  if length(new.name) not between 1 and 128 or new.name ~ '[\\x01-\\x1f\\x7f]' then
    raise exception 'name must have 1 to 128 characters and no control characters.' using errcode = '23514';
  end if;
  if cardinality(new.allowed_origins) > 100
    or exists (select 1 from unnest(new.allowed_origins) as o (origin)
      where o.origin is null or length(o.origin) > 270
        or o.origin !~ '^https?://(\\*\\.)?[a-z0-9_.:\\[\\]-]+$') then
    raise exception 'allowed_origins must be at most 100 origins such as https://example.com.'
      using errcode = '23514';
  end if;
  if new.timezone is distinct from old.timezone
    and not exists (select 1 from pg_timezone_names where name = new.timezone) then
    raise exception 'timezone must be an IANA time zone such as Europe/Berlin.' using errcode = '23514';
  end if;
  return new;
end
$guard$`
}

function supabase(schema: string): string {
  const mine = `owner = (select auth.uid())::text`
  const ofMine = `project_id in (select id from ${schema}.projects where ${mine})`
  const dropped = TABLES.flatMap((table) =>
    ['owner_reads', 'owner_changes'].map(
      (policy) => `drop policy if exists ${policy} on ${schema}.${table};`,
    ),
  ).join('\n  ')
  const all = TABLES.map((table) => `${schema}.${table}`).join(', ')
  return `do $supabase$
declare
  who text;
begin
  foreach who in array array['${SUPABASE_ROLES.join("', '")}'] loop
    if exists (select 1 from pg_catalog.pg_roles where rolname = who) then
      execute format('revoke all on ${all} from %I', who);
    end if;
  end loop;
  if to_regprocedure('auth.uid()') is null
    or (select count(*) from pg_catalog.pg_roles where rolname in ('${SUPABASE_ROLES.join("', '")}')) < ${SUPABASE_ROLES.length} then
    return;
  end if;
  grant usage on schema ${schema} to authenticated, service_role;
  grant select (${PROJECT_COLUMNS}) on ${schema}.projects to authenticated, service_role;
  grant update (${CHANGEABLE}) on ${schema}.projects to authenticated;
  grant select (${KEY_COLUMNS}) on ${schema}.api_keys to authenticated, service_role;
  grant select on ${schema}.usage_meter, ${schema}.jobs to authenticated, service_role;
  ${dropped}
  create policy owner_reads on ${schema}.projects for select to authenticated using (${mine});
  create policy owner_changes on ${schema}.projects for update to authenticated
    using (${mine}) with check (${mine});
  create policy owner_reads on ${schema}.api_keys for select to authenticated
    using (${ofMine} or (project_id is null and ${mine}));
  create policy owner_reads on ${schema}.usage_meter for select to authenticated using (${ofMine});
  create policy owner_reads on ${schema}.jobs for select to authenticated using (${ofMine});
end
$supabase$`
}
