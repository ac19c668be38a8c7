/**
 * Social networks, messengers, communities and the link shorteners that live in posts.
 * Origin: by hand; the long tail is the facts of Matomo's searchengine-and-social-list (CC0).
 */
export const SOCIAL: string = `
facebook: facebook.com fb.com fb.me m.me messenger.com facebook.net
facebook: facebookwkhpilnemxj7asaniu7vnjjbiltxjqhye3mhbshg7kx5tfyd.onion
instagram: instagram.com instagr.am ig.me
threads: threads.net threads.com
whatsapp: whatsapp.com wa.me
twitter: twitter.com t.co x.com twimg.com
linkedin: linkedin.com lnkd.in linkedin.android
reddit: reddit.com redd.it
pinterest: pinterest.* pinterest.info pin.it
tiktok: tiktok.com tiktokv.com
snapchat.com
telegram: telegram.org telegram.me t.me
discord: discord.com discord.gg discordapp.com
bluesky: bsky.app bsky.social skyfeed.app
google-plus: plus.google.com plus.url.google.com url.google.com
tumblr: tumblr.com t.umblr.com
vk: vk.com vk.ru vk.cc away.vk.com vkontakte.ru
odnoklassniki: ok.ru odnoklassniki.ru
moi-mir: my.mail.ru
weibo: weibo.com weibo.cn t.cn
wechat: wechat.com weixin.qq.com
qzone: qzone.qq.com
xiaohongshu: xiaohongshu.com xhslink.com rednote.com
zhihu: zhihu.com
douyin: douyin.com iesdouyin.com
kuaishou: kuaishou.com
line: line.me lin.ee
kakao: kakao.com story.kakao.com pf.kakao.com
naver-cafe: cafe.naver.com blog.naver.com band.us
daum-cafe: cafe.daum.net
viber.com signal.org skype.com zalo.me
slack: slack.com slack-redir.net
teams: teams.microsoft.com teams.live.com teams.cdn.office.net
hackernews: news.ycombinator.com hn.algolia.com hckrnews.com
producthunt.com lobste.rs slashdot.org digg.com fark.com metafilter.com indiehackers.com dev.to
lemmy: lemmy.world lemmy.ml kbin.social
stackoverflow: stackoverflow.com
stackexchange: stackexchange.com superuser.com serverfault.com askubuntu.com
github: github.com gist.github.com
quora.com nextdoor.com meetup.com xing.com viadeo.com foursquare.com goodreads.com strava.com letterboxd.com
flickr.com imgur.com 9gag.com deviantart.com behance.net dribbble.com vsco.co weheartit.com scoop.it flipboard.com
soundcloud: soundcloud.com gate.sc
lastfm: last.fm lastfm.*
livejournal: livejournal.com livejournal.ru
gab.com gettr.com minds.com mewe.com truthsocial.com parler.com clubhouse.com bereal.com lemon8-app.com
nostr: primal.net snort.social damus.io
mastodon: mastodon.social mastodon.online mastodon.cloud mastodon.technology mastodon.xyz mastodon.at mastodon.art
mastodon: mastodon.scot mastodon.world mastodon.nz mastodon.eus mastodon.jalgi.eus mastodonapp.uk mastodont.cat
mastodon: mamot.fr pawoo.net mstdn.io mstdn.jp mstdn.social mstdn.party friends.nico ro-mastodon.puyo.jp quey.org
mastodon: botsin.space social.tchncs.de knzk.me bitcoinhackers.org fosstodon.org chaos.social cybre.space
mastodon: vis.social typo.social front-end.social hachyderm.io newsie.social indieweb.social sfba.social mas.to
mastodon: c.im universeodon.com social.vivaldi.net ohai.social toot.community masto.ai graphics.social tkm.eus
mastodon: infosec.exchange techhub.social phanpy.social elk.zone
pixelfed: pixelfed.social pixelfed.de pixelfed.uno pxlmo.com metapixl.com pix.toot.wales pixey.org
workplace.com sourceforge.net v2ex.com douban.com renren.com missevan.com lang-8.com douyu.com huya.com
twitcasting.tv gree.jp mixi.jp b.hatena.ne.jp
badoo.com bebo.com blackplanet.com buzznet.com classmates.com cyworld.com fetlife.com flixster.com fotolog.com
friendsreunited.com friendster.com gaiaonline.com geni.com habbo.com hi5.com hyves.nl identi.ca meinvz.net
me2day.net moikrug.ru multiply.com myheritage.com mylife.ru myspace.com myyearbook.com nk.pl netlog.com orkut.com
peepeth.com plaxo.com plurk.com skyrock.com sonico.com studivz.net stumbleupon.com tagged.com taringa.net
tuenti.com vkrugudruzei.ru wayn.com weeworld.com xanga.com wykop.pl meneame.net
bitly: bit.ly
buffer: buff.ly
hootsuite: ow.ly owl.li ht.ly
dlvr.it trib.al ift.tt spr.ly
linktree: linktr.ee
bio-links: linkin.bio lnk.bio bio.link bio.site beacons.ai campsite.bio taplink.cc taplink.at msha.ke
`
