/** Second labels that registries of country domains use as suffixes (`co.uk`, `com.br`, `ne.jp`). */
export const SECOND_LEVEL: string = `
ac co com edu gob gouv gov gv mil ne net nic nom or org
`

/** Country domains where every second label is a suffix. */
export const WILDCARD: string = 'bd ck er fj fk jm kh mm np pg'

/** Hosting services whose customers get a subdomain: two of them are two sites. Facts of the services' docs. */
export const PRIVATE_SUFFIXES: string = `
github.io gitlab.io pages.dev workers.dev vercel.app now.sh netlify.app netlify.com web.app firebaseapp.com
herokuapp.com onrender.com fly.dev railway.app up.railway.app deno.dev surge.sh glitch.me repl.co replit.app
replit.dev render.com azurewebsites.net azurestaticapps.net cloudapp.net cloudfront.net amplifyapp.com
s3.amazonaws.com elasticbeanstalk.com appspot.com run.app cloudfunctions.net ondigitalocean.app
myshopify.com wixsite.com wixstudio.io editorx.io blogspot.com wordpress.com tumblr.com weebly.com
squarespace.com webflow.io framer.website framer.app framer.ai carrd.co bubbleapps.io softr.app
notion.site super.site gitbook.io readthedocs.io ghost.io substack.com medium.com hashnode.dev
neocities.org altervista.org tripod.com jimdofree.com jimdosite.com strikingly.com mystrikingly.com
godaddysites.com site123.me webnode.page ucoz.ru 000webhostapp.com infinityfreeapp.com
streamlit.app hf.space lovable.app bolt.host v0.app stackblitz.io codesandbox.io csb.app ngrok.io
ngrok.app ngrok-free.app trycloudflare.com loca.lt translate.goog myfreesites.net yolasite.com
business.site sites.google.com bigcartel.com mybigcommerce.com zendesk.com freshdesk.com
uk.com us.com eu.com de.com co.com jpn.com br.com cn.com za.com ru.com sa.com gb.net se.net uk.net hu.net
xn--55qx5d.cn
`
