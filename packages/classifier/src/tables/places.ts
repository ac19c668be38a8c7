/** Video sites. Origin: by hand. */
export const VIDEO: string = `
youtube: youtube.com youtu.be youtube-nocookie.com
bilibili: bilibili.com b23.tv
niconico: nicovideo.jp nico.ms
vimeo.com dailymotion.com dai.ly twitch.tv rumble.com odysee.com bitchute.com kick.com wistia.com loom.com ted.com
youku.com iqiyi.com tudou.com v.qq.com rutube.ru video.naver.com tv.naver.com netflix.com hulu.com disneyplus.com
veoh.com metacafe.com crunchyroll.com streamable.com vidyard.com peertube.tv tv.kakao.com
`

/** Shops, marketplaces and price comparisons. Origin: by hand. */
export const SHOPPING: string = `
google: shopping.google.* google.*/shopping
yahoo: shopping.yahoo.*
bing: bing.com/shop
amazon: amazon.* amzn.to a.co
ebay: ebay.* ebay.to
etsy: etsy.com etsy.me
alibaba: alibaba.com 1688.com
aliexpress: aliexpress.*
mercadolibre: mercadolibre.* mercadolivre.com.br
shopee: shopee.* shopee.co.th
rakuten: rakuten.co.jp rakuten.com
idealo.* kelkoo.* vinted.* lazada.* flipkart.com walmart.com target.com bestbuy.com costco.com newegg.com wayfair.com
temu.com shein.com wish.com taobao.com tmall.com jd.com pinduoduo.com coupang.com gmarket.co.kr 11st.co.kr
shopping.naver.com smartstore.naver.com tokopedia.com bukalapak.com ozon.ru wildberries.ru market.yandex.ru
allegro.pl ceneo.pl heureka.cz bol.com cdiscount.com fnac.com otto.de zalando.* billiger.de geizhals.at geizhals.de
pricerunner.com pricespy.co.uk prisjakt.nu shopzilla.com bizrate.com pricegrabber.com nextag.com shopping.com
poshmark.com depop.com mercari.com trendyol.com hepsiburada.com emag.ro noon.com jumia.com.ng takealot.com
`

/** AI assistants. Origin: Matomo's AI list (CC0) and the assistants' own sites. AI Overviews come as Google. */
export const AI: string = `
chatgpt: chatgpt.com chat.openai.com labs.openai.com chat.com
claude: claude.ai
perplexity: perplexity.ai pplx.ai
gemini: gemini.google.com bard.google.com
notebooklm: notebooklm.google.com notebooklm.google
copilot: copilot.microsoft.com copilot.com copilot.cloud.microsoft m365.cloud.microsoft edgeservices.bing.com
copilot: bing.com/chat bing.com/copilotsearch
grok: grok.com x.ai x.com/i/grok
meta-ai: meta.ai
mistral: chat.mistral.ai mistral.ai
deepseek: deepseek.com
qwen: chat.qwen.ai qwen.ai
you: you.com
poe.com phind.com pi.ai character.ai duck.ai iask.ai chatplus.com chat-gpt.org chatglm.cn app.jasper.ai
app.writesonic.com komo.ai felo.ai genspark.ai andisearch.com lumo.proton.me t3.chat manus.im
huggingface: huggingface.co/chat
kimi: kimi.com kimi.ai kimi.moonshot.cn
doubao.com yuanbao.tencent.com
baidu-ai: yiyan.baidu.com ai.baidu.com chat.baidu.com
`

/** Mailboxes, and the redirects of mailing tools. Own names of mail hosts are caught by their first label. */
export const EMAIL: string = `
gmail: mail.google.com inbox.google.com
outlook: outlook.live.com outlook.office.com outlook.office365.com outlook.com mail.live.com hotmail.com
outlook: safelinks.protection.outlook.com
yahoo-mail: mail.yahoo.* mail.yahoo.net
aol-mail: mail.aol.com
icloud: icloud.com/mail
proton: mail.proton.me mail.protonmail.com
gmx: deref-gmx.net deref-gmx.com deref-gmx.de deref-gmx.at deref-gmx.ch 3c.gmx.net 3c-bap.gmx.net bap.navigator.gmx.net
web-de: deref-web.de deref-web-02.de 3c.web.de 3c-bap.web.de navigator.web.de
mail-com: deref-mail.com navigator-lxa.mail.com
yandex-mail: mail.yandex.*
mail-ru: e.mail.ru touch.mail.ru
seznam: email.seznam.cz
fastmail: fastmail.com
hey: app.hey.com
tuta: app.tuta.com mail.tutanota.com
superhuman: mail.superhuman.com
mailchimp: list-manage.com mailchi.mp campaign-archive.com
hubspot: hubspotlinks.com hubspotemail.net
sendgrid: ct.sendgrid.net sendgrid.net
klaviyo: klclick.com klclick1.com klclick2.com klclick3.com
constant-contact: rs6.net
campaign-monitor: cmail19.com cmail20.com createsend1.com createsend.com
brevo: sendibm1.com sendibt2.com sendibt3.com
mailjet: mjt.lu
convertkit: convertkit-mail.com convertkit-mail2.com
`

/** Servers and redirects of adverts: a click from here was paid for. Origin: the networks' own documentation. */
export const ADS: string = `
google: doubleclick.net googlesyndication.com 2mdn.net adservice.google.* adsense.google.com
criteo: criteo.com criteo.net
pangle: pangleglobal.com pangle-global.io pangle.io
taboola: taboola.com taboolanews.com
outbrain: outbrain.com
adnxs.com adroll.com adform.net rubiconproject.com pubmatic.com openx.net teads.tv mgid.com revcontent.com
smartadserver.com casalemedia.com media.net adsrvr.org amazon-adsystem.com bidswitch.net 3lift.com sharethrough.com
rtbhouse.com propellerads.com popads.net exoclick.com trafficjunky.com yieldmo.com quantserve.com zedo.com
`

export const SEARCH_ADS: string = `
google: googleadservices.com syndicatedsearch.goog google.*/aclk
bing: bing.com/aclk
`

/** Networks that pay for clicks without saying on which sort of place. */
export const OTHER_ADS: string = `
linkbux.com
`

/** Redirects of affiliate networks. Origin: the networks' own documentation. */
export const AFFILIATE: string = `
awin: awin.com awin1.com zenaps.com zanox.com
cj: cj.com anrdoezrs.net dpbolvw.net jdoqocy.com tkqlhce.com kqzyfj.com emjcd.com
rakuten-advertising: linksynergy.com rakutenadvertising.com
impact: impact.com pxf.io sjv.io ojrq.net evyy.net 7eer.net
shareasale: shareasale.com shrsl.com
skimlinks: skimlinks.com skimresources.com
sovrn: viglink.com
partnerize: prf.hn partnerize.com
tradedoubler.com tradetracker.net tradetracker.com webgains.com admitad.com flexoffers.com clickbank.net digistore24.com
`

/** Places to listen. */
export const AUDIO: string = `
spotify: spotify.com spoti.fi
apple-podcasts: podcasts.apple.com
overcast.fm pocketcasts.com pca.st castbox.fm podbean.com buzzsprout.com deezer.com tunein.com iheart.com
`

/**
 * Pages that a visitor passes through on the way back to you: payment, log-in, 3-D Secure. Dropped as referrers,
 * unless they are neighbours of your own site. Origin: the services' own documentation.
 */
export const PASS_THROUGH: string = `
paypal.com paypalobjects.com stripe.com klarna.com afterpay.com clearpay.co.uk adyen.com checkout.com braintreegateway.com
mollie.com sumup.com squareup.com sagepay.com opayo.co.uk worldpay.com authorize.net 2checkout.com payu.com payu.in
razorpay.com checkout.razorpay.com mercadopago.com pay.amazon.com payments.amazon.com pay.google.com shop.app
checkout.shopify.com sofort.com giropay.de sezzle.com affirm.com zip.co cardinalcommerce.com
arcot.com securesuite.co.uk rsa3dsauth.com
accounts.google.com accounts.youtube.com appleid.apple.com idmsa.apple.com login.microsoftonline.com login.live.com
login.microsoft.com auth0.com okta.com onelogin.com login.yahoo.com accounts.shopify.com clerk.accounts.dev
`
