/** Second labels that registries of country domains use as suffixes (`co.uk`, `com.br`, `ne.jp`). */
export const SECOND_LEVEL: string = 'ac co com edu gob gov mil ne net or org xn--55qx5d'

/** Hosting services whose customers get a subdomain: two of them are two sites. Facts of the services' docs. */
export const PRIVATE_SUFFIXES: string = `
github.io pages.dev workers.dev vercel.app netlify.app web.app firebaseapp.com herokuapp.com onrender.com
fly.dev deno.dev replit.app azurewebsites.net cloudfront.net s3.amazonaws.com appspot.com run.app
myshopify.com wixsite.com blogspot.com wordpress.com tumblr.com webflow.io notion.site ghost.io substack.com
lovable.app uk.com
`
