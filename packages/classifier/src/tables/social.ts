/**
 * Social networks, messengers, communities and the link shorteners that live in posts.
 * Origin: by hand; the long tail is the facts of Matomo's searchengine-and-social-list (CC0).
 */
export const SOCIAL: string = `
# social
facebook: facebook fb messenger .me fb m
instagram: instagram
whatsapp: wa.me whatsapp
twitter: t.co twitter x
linkedin: linkedin.android lnkd.in linkedin
reddit: redd.it reddit
pinterest: pinterest.* pinterest.info pin.it
telegram: telegram.org .me telegram t
discord: discord.gg discord discordapp
bluesky: bsky.social .app bsky skyfeed
google-plus: plus.google.com plus.url.google.com url.google.com
tumblr: t.umblr.com tumblr
vk: vk.cc vk .ru vk vkontakte
odnoklassniki: .ru ok odnoklassniki
moi-mir: my.mail.ru
weibo: weibo .cn weibo t
wechat: weixin.qq.com wechat
qzone: qzone.qq.com
xiaohongshu: xiaohongshu
line: lin.ee line.me
naver-cafe: cafe.naver.com blog.naver.com band.us
daum-cafe: cafe.daum.net
teams: teams.microsoft.com teams.live.com teams.cdn.office.net
hackernews: news.ycombinator.com
stackexchange: stackexchange
github: github
soundcloud: gate.sc soundcloud
lastfm: lastfm.* last.fm
mastodon: mastodon.jalgi.eus ro-mastodon.puyo.jp social.tchncs.de social.vivaldi.net masto.ai mastodon.art mastodon.at mastodont.cat mastodon.cloud toot.community infosec.exchange mamot.fr c.im mstdn.jp knzk.me pawoo.net friends.nico mastodon.nz mastodon.online mstdn.party mastodon.scot mastodon.technology mas.to mastodonapp.uk mastodon.world mastodon.xyz elk.zone universeodon .eus mastodon tkm .io mstdn hachyderm .org quey bitcoinhackers fosstodon .social mastodon mstdn chaos vis typo front-end newsie indieweb sfba ohai graphics techhub phanpy .space botsin cybre
pixelfed: pix.toot.wales pixelfed.de pixey.org pixelfed.social pixelfed.uno pxlmo metapixl
bitly: bit.ly
buffer: buff.ly
hootsuite: ow.ly
linktree: linktr.ee
bio-links: .bio linkin lnk
b.hatena.ne.jp identi.ca dlvr.it gree.jp mixi.jp
hyves.nl slashdot.org nk.pl dev.to twitcasting.tv
9gag badoo bebo blackplanet buzznet classmates cyworld deviantart digg douban douyin douyu dribbble fetlife
flickr flixster fotolog foursquare friendsreunited friendster gab gaiaonline geni
habbo hi5 huya imgur kakao lang-8 livejournal meetup missevan
multiply myheritage myspace myyearbook netlog nextdoor orkut peepeth plaxo producthunt quora renren
skyrock slack snapchat sonico stackoverflow stumbleupon tagged threads tiktok truthsocial
tuenti v2ex viadeo wayn weeworld workplace xanga xing zhihu
.net behance me2day meinvz sourceforge studivz taringa threads
.ru livejournal moikrug mylife vkrugudruzei
`
