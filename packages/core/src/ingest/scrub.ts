// Names of query parameters that carry a person or a secret. Matched whole, case-insensitively, with `-` and
// `_` alike: `utm_email_campaign` and `tokenomics` stay.
const PERSONAL: ReadonlySet<string> = new Set(
  (
    'email e_mail mail user_email useremail email_address emailaddress phone phone_number phonenumber mobile tel ' +
    'password passwd pwd pass secret client_secret token access_token accesstoken refresh_token id_token auth_token ' +
    'authtoken auth authorization api_key apikey session sessionid session_id sid jwt otp code_verifier signature ' +
    'ssn iban card card_number cardnumber cvv cvc first_name firstname last_name lastname full_name fullname ' +
    'surname dob birthdate birthday date_of_birth address street zip zipcode postcode postal_code ' +
    'reset_token reset_password_token invite_token invitation_token magic_link'
  ).split(' '),
)

/**
 * Removes query parameters that look like personal data or secrets from a URL; the rest, attribution
 * parameters included, stays byte for byte. Also removes `user:password@`.
 */
export function scrubUrl(url: string): string {
  const bare = withoutUserinfo(url)
  const hash = bare.indexOf('#')
  if (hash === -1) return scrubPairs(bare, '?')
  // Sign-in flows put tokens into the fragment: `#access_token=…`, `#/callback?token=…`.
  const fragment = bare.slice(hash)
  const mark = fragment.includes('?') ? '?' : '#'
  return scrubPairs(bare.slice(0, hash), '?') + scrubPairs(fragment, mark)
}

/** Drops the personal pairs behind the first `mark`, and the mark itself when nothing is left. */
function scrubPairs(text: string, mark: '?' | '#'): string {
  const start = text.indexOf(mark)
  if (start === -1) return text
  const pairs = text.slice(start + 1).split('&')
  const kept = pairs.filter((pair) => !isPersonal(pair))
  if (kept.length === pairs.length) return text
  return text.slice(0, start) + (kept.length === 0 ? '' : mark + kept.join('&'))
}

function isPersonal(pair: string): boolean {
  const end = pair.indexOf('=')
  const raw = end === -1 ? pair : pair.slice(0, end)
  return PERSONAL.has(decode(raw).trim().toLowerCase().replaceAll('-', '_'))
}

function decode(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function withoutUserinfo(url: string): string {
  const scheme = url.indexOf('//')
  if (scheme === -1) return url
  const end = authorityEnd(url, scheme + 2)
  const at = url.lastIndexOf('@', end - 1)
  return at < scheme + 2 ? url : url.slice(0, scheme + 2) + url.slice(at + 1)
}

function authorityEnd(url: string, from: number): number {
  for (let i = from; i < url.length; i++) {
    const char = url[i]
    if (char === '/' || char === '?' || char === '#') return i
  }
  return url.length
}
