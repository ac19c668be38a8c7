export function bundleScript(): Promise<string>
export function scriptModule(bundle: string): string
