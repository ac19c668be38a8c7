/** Video sites. Origin: by hand. */
export const VIDEO: string = `
youtube: youtube youtu.be
bilibili: bilibili
niconico: nicovideo.jp
twitch.tv v.qq.com rutube.ru
dailymotion disneyplus hulu iqiyi kick netflix rumble vimeo wistia youku
`

/** Shops, marketplaces and price comparisons. Origin: by hand. */
export const SHOPPING: string = `
google: shopping.google.* google.*/shopping
yahoo: shopping.yahoo.*
bing: bing.com/shop
amazon: amazon.* a.co amzn.to
alibaba: alibaba 1688
mercadolibre: mercadolibre.*
aliexpress.* ebay.* idealo.* kelkoo.* lazada.* shopee.* vinted.* zalando.* rakuten.co.jp shopping.naver.com
market.yandex.ru allegro.pl ozon.ru wildberries.ru
bestbuy coupang depop etsy flipkart mercari pricerunner
rakuten shein shopzilla taobao target temu tmall walmart wayfair wish
`

/** AI assistants. Origin: Matomo's AI list (CC0) and the assistants' own sites. AI Overviews come as Google. */
export const AI: string = `
chatgpt: chatgpt chat chat.openai.com labs.openai.com
perplexity: .ai perplexity pplx
gemini: gemini.google.com bard.google.com
notebooklm: notebooklm.google.com
copilot: copilot copilot.microsoft.com copilot.cloud.microsoft m365.cloud.microsoft edgeservices.bing.com
copilot: bing.com/chat bing.com/copilotsearch
grok: grok x.ai x.com/i/grok
meta-ai: meta.ai
kimi: kimi kimi.ai kimi.moonshot.cn
baidu-ai: yiyan.baidu.com ai.baidu.com
chat.qwen.ai app.jasper.ai app.writesonic.com yuanbao.tencent.com huggingface.co/chat
t3.chat chatglm.cn manus.im chat-gpt.org chatplus deepseek doubao phind poe you
.ai character claude duck felo genspark iask komo mistral pi qwen
`

/** Mailboxes, and the redirects of mailing tools. `mail.` and `webmail.` of any domain need no entry. */
export const EMAIL: string = `
gmail: mail.google.com
outlook: outlook hotmail outlook.live.com outlook.office.com outlook.office365.com mail.live.com
yahoo-mail: mail.yahoo.* mail.yahoo.net
aol-mail: mail.aol.com
proton: mail.proton.me
gmx: deref-gmx deref-gmx.net deref-gmx.de
web-de: deref-web.de deref-web-02.de
mail-com: deref-mail
yandex-mail: mail.yandex.*
mail-ru: e.mail.ru
mailchimp: list-manage mailchi.mp
hubspot: hubspotlinks
klaviyo: klclick
constant-contact: rs6.net
campaign-monitor: createsend
mailjet: mjt.lu
icloud.com/mail app.hey.com email.seznam.cz sendgrid.net fastmail
`

/** Servers and redirects of adverts: a click from here was paid for. Origin: the networks' own documentation. */
export const ADS: string = `
google: googlesyndication doubleclick.net 2mdn.net adservice.google.* adsense.google.com
pangle: pangleglobal pangle-global.io
adnxs adroll amazon-adsystem criteo criteo.net mgid outbrain taboola adsrvr.org
`

export const SEARCH_ADS: string = `
google: googleadservices syndicatedsearch.goog google.*/aclk
bing: bing.com/aclk
`

/** Networks that pay for clicks without saying on which sort of place. */
export const OTHER_ADS: string = `
linkbux
`

/** Redirects of affiliate networks. Origin: the networks' own documentation. */
export const AFFILIATE: string = `
awin: awin awin1
cj: anrdoezrs.net dpbolvw.net jdoqocy tkqlhce kqzyfj
rakuten-advertising: linksynergy
impact: impact pxf.io sjv.io
shareasale: shareasale shrsl
skimlinks: skimresources
partnerize: prf.hn
viglink admitad tradedoubler tradetracker
`

/** Places to listen. */
export const AUDIO: string = `
apple-podcasts: podcasts.apple.com
spotify
`

/**
 * Pages that a visitor passes through on the way back to you: payment, log-in, 3-D Secure. Dropped as referrers,
 * unless they are neighbours of your own site. Origin: the services' own documentation.
 */
export const PASS_THROUGH: string = `
adyen afterpay auth0 checkout klarna mercadopago mollie paypal razorpay stripe shop.app
accounts.google.com appleid.apple.com checkout.shopify.com login.live.com login.microsoftonline.com
pay.google.com
`
