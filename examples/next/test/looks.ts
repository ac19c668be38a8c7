import type { Page } from 'playwright-core'

export interface Looks {
  /** Pixels that the page is wider than the screen. */
  wider: number
  /** Texts that stand out too little from what is behind them (WCAG AA: 4.5 to 1). */
  pale: string[]
  /** How much of the page has moved while it loaded (CLS); 0 for what Core Web Vitals calls good, less than 0.1. */
  moved: number
}

/** What a person would find wrong at first sight. */
export async function lookOver(page: Page): Promise<Looks> {
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
  const moved = await layoutShift(page)
  return { wider, pale: await paleTexts(page), moved: moved < 0.1 ? 0 : moved }
}

function layoutShift(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        new PerformanceObserver((list) =>
          resolve(
            list
              .getEntries()
              // A screenshot of the whole page makes the window larger, which counts as done by hand.
              .filter((entry) => !('hadRecentInput' in entry && entry.hadRecentInput === true))
              .reduce((sum, entry) => sum + ('value' in entry ? Number(entry.value) : 0), 0),
          ),
        ).observe({ type: 'layout-shift', buffered: true })
        // Without any shift nothing is observed: two frames later it would have been.
        requestAnimationFrame(() => requestAnimationFrame(() => resolve(0)))
      }),
  )
}

function paleTexts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
    if (context === null) return ['no canvas']
    const brush = context
    /** Colours painted over each other, as the screen would show them: light of red, green and blue, 0–1. */
    function paint(colours: string[]): number[] {
      for (const colour of colours) {
        brush.fillStyle = colour
        brush.fillRect(0, 0, 1, 1)
      }
      return [...brush.getImageData(0, 0, 1, 1).data].slice(0, 3).map((part) => part / 255)
    }
    function luminance(colours: string[]): number {
      const [red = 0, green = 0, blue = 0] = paint(colours).map((part) =>
        part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4,
      )
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
    /** Backgrounds from the page up to the element; a bar lies beneath the name in its cell. */
    function behind(element: Element): string[] {
      const colours: string[] = []
      for (let at: Element | null = element; at !== null; at = at.parentElement) {
        const bar = at.querySelector(':scope > .bar')
        if (bar) colours.unshift(getComputedStyle(bar).backgroundColor)
        colours.unshift(getComputedStyle(at).backgroundColor)
      }
      return ['white', ...colours]
    }
    const pale: string[] = []
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (texts.nextNode()) {
      const element = texts.currentNode.parentElement
      const text = texts.currentNode.textContent?.trim() ?? ''
      if (!element?.checkVisibility() || text === '' || element.closest('script, svg, .unseen')) continue
      const ground = behind(element)
      const lights = [luminance(ground), luminance([...ground, getComputedStyle(element).color])]
      const ratio = (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05)
      if (ratio < 4.5) pale.push(`${text} (${ratio.toFixed(1)})`)
    }
    return pale
  })
}
