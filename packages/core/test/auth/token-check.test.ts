import type { TokenClaims } from '@millimetric/schema/wire'
import { expect, test } from 'vitest'
import { createToken } from '../../src/auth/create-token.js'
import { createTokenSigner, parseToken } from '../../src/auth/read-token.js'
import { createTokenCheck } from '../../src/auth/token-check.js'
import type { Project } from '../../src/ports/key-store.js'
import { memoryKeys } from '../../src/stores/memory/memory-keys.js'
import { principalOf, testProject } from '../control/principals.js'

const tokens = createTokenSigner({ keys: memoryKeys() })
const project = testProject()

/** Who holds a token that says this, where this is what there is. */
async function holder(
  claims: Partial<TokenClaims>,
  found: Project | undefined = project,
): Promise<{ project: { id: string }; key_kind: string }> {
  const check = createTokenCheck({
    tokens,
    clock: () => 0,
    findProject: async () => found,
    findKey: async (prefix) => (prefix === '0a1b2c3d' ? principalOf('sk', project) : undefined),
  })
  const filters = { field: 'path', op: 'is', value: '/' } as const
  const text = await tokens.sign('live', { project: project.id, filters, expires_at: 1, ...claims })
  const token = parseToken(text ?? '')
  if (token === undefined) throw new Error('not a token')
  return await check.verify(token)
}

test('a token is of the project that it names, whatever is found under that name', async () => {
  expect(await holder({})).toMatchObject({ project: { id: project.id }, key_kind: 'rt' })
  // A slug may look like an id.
  await expect(holder({}, testProject({ slug: project.id }))).rejects.toMatchObject({
    code: 'invalid_api_key',
  })
})

test('a token goes with the key that made it, which is of the same project', async () => {
  expect(await holder({ key: '0a1b2c3d' })).toMatchObject({ key_kind: 'rt' })
  for (const claims of [{ key: 'ffffffff' }, { key: '0a1b2c3d', project: testProject().id }]) {
    await expect(holder(claims)).rejects.toMatchObject({ code: 'invalid_api_key' })
  }
})

test('filters that this version does not know end a token and never widen it', async () => {
  const unknown = { field: 'path', op: 'sounds_like', value: 'x' }
  // What a later version may sign.
  await expect(holder({ filters: unknown as never })).rejects.toMatchObject({ code: 'invalid_api_key' })
})

test.each(['pk', 'rk', 'ak'] as const)('a principal with a %s makes none, whoever calls', async (kind) => {
  const principal = { ...principalOf(kind, project), scopes: ['ingest', 'read', 'admin'] as const }
  const filters = { field: 'path', op: 'is', value: '/' }
  await expect(createToken({ tokens, clock: () => 0 }, principal, { filters })).rejects.toMatchObject({
    code: 'key_kind_not_allowed',
  })
})
