const WIDTH = 32

export interface ProgressBar {
  at(done: number): void
  end(): void
}

/** A bar that redraws itself on a terminal, and a line each tenth elsewhere; on stderr, as stdout is for results. */
export function progressBar(title: string, total: number): ProgressBar {
  const { stderr } = process
  const started = performance.now()
  let shown = -1
  const draw = (done: number): void => {
    const share = Math.min(done / total, 1)
    const step = Math.floor(share * (stderr.isTTY ? 100 : 10))
    if (step === shown) return
    shown = step
    const percent = `${String(Math.floor(share * 100)).padStart(3)} %`
    if (!stderr.isTTY) {
      stderr.write(`${title} ${percent}\n`)
      return
    }
    const full = Math.round(share * WIDTH)
    stderr.write(`\r${title} ${'█'.repeat(full)}${'░'.repeat(WIDTH - full)} ${percent}`)
  }
  return {
    at: draw,
    end() {
      draw(total)
      const seconds = ((performance.now() - started) / 1000).toFixed(1)
      stderr.write(`${stderr.isTTY ? '\n' : ''}${count(total)} events in ${seconds} s\n`)
    },
  }
}

export function count(value: number): string {
  return value.toLocaleString('en-US')
}
