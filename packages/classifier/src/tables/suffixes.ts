/** Second labels that registries of country domains use as suffixes (`co.uk`, `com.br`, `ne.jp`). */
export const SECOND_LEVEL: string = 'ac co com edu gob gouv gov mil ne net nom or org xn--55qx5d'

/** Country domains where every second label is a suffix. */
export const WILDCARD: string = 'bd ck er fj fk jm kh mm np pg'

/** Hosting services whose customers get a subdomain: two of them are two sites. Facts of the services' docs. */
export const PRIVATE_SUFFIXES: string = `
github.io gitlab.io pages.dev workers.dev vercel.app netlify.app web.app firebaseapp.com herokuapp.com onrender.com
fly.dev up.railway.app deno.dev surge.sh glitch.me replit.app azurewebsites.net cloudfront.net amplifyapp.com
s3.amazonaws.com appspot.com run.app ondigitalocean.app myshopify.com wixsite.com blogspot.com wordpress.com
tumblr.com weebly.com webflow.io framer.app carrd.co notion.site gitbook.io readthedocs.io ghost.io substack.com
medium.com neocities.org ucoz.ru lovable.app hf.space translate.goog uk.com us.com eu.com de.com
`
