/**
 * The other places that traffic comes from, by kind: video sites; AI assistants (AI Overviews come as Google);
 * shops, marketplaces and price comparisons; mailboxes and the redirects of mailing tools (`mail.` and `webmail.` of
 * any domain need no entry); places to listen; redirects of affiliate networks. `paid` are servers and redirects of
 * adverts, where every click was paid for. `drop` are pages that a visitor passes through on the way back to you
 * (payment, log-in), no referrers unless they are neighbours of your own site.
 * Origin: by hand, from the services' own sites; AI assistants also from Matomo's list (CC0).
 */
export const PLACES: string = `
# video
youtube: youtube youtu.be
bilibili: bilibili
niconico: nicovideo.jp
twitch.tv v.qq.com rutube.ru
dailymotion disneyplus hulu iqiyi kick netflix rumble vimeo wistia youku
# ai
chatgpt: chatgpt chat chat.openai.com labs.openai.com
gemini: gemini.google.com bard.google.com
notebooklm: notebooklm.google.com
copilot: copilot copilot.microsoft.com copilot.cloud.microsoft m365.cloud.microsoft edgeservices.bing.com
copilot: bing.com/chat bing.com/copilotsearch
grok: grok x.ai x.com/i/grok
meta-ai: meta.ai
kimi: kimi kimi.ai kimi.moonshot.cn
baidu-ai: yiyan.baidu.com ai.baidu.com
chat.qwen.ai app.jasper.ai app.writesonic.com huggingface.co/chat
chatglm.cn chat-gpt.org chatplus deepseek doubao phind poe you
.ai perplexity character claude duck felo genspark iask komo mistral pi qwen
# shopping
google: shopping.google.* google.*/shopping
yahoo: shopping.yahoo.*
amazon: amazon.* a.co amzn.to
alibaba: alibaba 1688
mercadolibre: mercadolibre.*
aliexpress.* ebay.* idealo.* kelkoo.* pricerunner.* lazada.* shopee.* vinted.* zalando.* rakuten.co.jp shopping.naver.com
market.yandex.ru allegro.pl ozon.ru wildberries.ru
bestbuy coupang depop etsy flipkart mercari
rakuten shein taobao target temu tmall walmart
# email
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
icloud.com/mail app.hey.com email.seznam.cz sendgrid.net fastmail
# audio
apple-podcasts: podcasts.apple.com
spotify
# affiliate
awin: awin awin1
cj: anrdoezrs.net dpbolvw.net jdoqocy tkqlhce kqzyfj
rakuten-advertising: linksynergy
impact: impact pxf.io sjv.io
shareasale: shareasale shrsl
skimlinks: skimresources
partnerize: prf.hn
viglink admitad tradedoubler tradetracker
# display paid
google: googlesyndication doubleclick.net 2mdn.net adservice.google.*
pangle: pangleglobal pangle-global.io
adnxs amazon-adsystem criteo criteo.net mgid outbrain taboola adsrvr.org
# search paid
google: googleadservices syndicatedsearch.goog google.*/aclk
bing: bing.com/aclk
# other paid
linkbux
# referral drop
adyen afterpay auth0 checkout klarna mercadopago mollie paypal razorpay stripe shop.app
accounts.google.com pay.google.com appleid.apple.com login.live.com login.microsoftonline.com
`
