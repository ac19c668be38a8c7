/** Well-formed and without U+0000: Postgres refuses the second, ClickHouse's JSON reader the first. */
export function storableText(text: string): string {
  const whole = text.isWellFormed() ? text : text.toWellFormed()
  return whole.includes('\0') ? whole.replaceAll('\0', '') : whole
}

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]+/g

/** Control characters move cursors, break lines of logs and mean nothing in an address. */
export function hasControl(text: string): boolean {
  return CONTROL.test(text)
}

/** Well-formed and without control characters. */
export function plainText(text: string): string {
  const whole = text.isWellFormed() ? text : text.toWellFormed()
  return CONTROL.test(whole) ? whole.replace(CONTROLS, '') : whole
}

// The joiners U+200C and U+200D are not among them: Persian and emoji need them.
const INVISIBLE =
  /[\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/u

/** Whether it holds what makes two texts look alike, or turns the text around: control characters too. */
export function hasInvisible(text: string): boolean {
  return CONTROL.test(text) || INVISIBLE.test(text)
}
