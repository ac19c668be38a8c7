import { describe, expect, it } from 'vitest'
import { type Channel, type ClassifyInput, type ClassifyOptions, classify } from '../src/index.js'

const SITE = 'https://www.shop.example'

function channel(query: string, referrer = '', options?: ClassifyOptions, agent = ''): Channel {
  return classify({ url: `${SITE}/${query}`, referrer, user_agent: agent }, options).channel
}

function of(input: ClassifyInput, options?: ClassifyOptions): string {
  const { source, medium, channel: found } = classify(input, options)
  return `${source}/${medium}/${found}`
}

/** The traps of the specification by their number: each has failed in at least one shipped tool. */
describe('traps', () => {
  it('1–3 hosts match by whole labels (more in look-alikes.test.ts)', () => {
    expect(channel('', 'https://netflix.com/')).toBe('organic_video')
    expect(channel('', 'https://x.com/')).toBe('organic_social')
    expect(channel('', 'https://fedex.com/')).toBe('referral')
    expect(channel('', 'https://target.co.nz/')).toBe('referral')
  })

  it('4 fbclid is not paid by itself', () => {
    expect(channel('?fbclid=x')).toBe('organic_social')
    expect(channel('?fbclid=x&utm_source=facebook&utm_medium=social', 'https://l.facebook.com/')).toBe(
      'organic_social',
    )
    expect(channel('?fbclid=x&utm_source=facebook&utm_medium=cpc')).toBe('paid_social')
    expect(channel('?fbclid=x&utm_source=fb-ads')).toBe('paid_social')
  })

  it.each(['broadcast', 'adsense', 'download', 'thread', 'ecp', 'cpanel', 'unpaid', 'scpc', 'roadshow'])(
    '5 the medium %s is no advert',
    (medium) => {
      expect(channel(`?utm_source=some-blog&utm_medium=${medium}`)).toBe('unassigned')
      expect(channel(`?utm_source=${medium}`)).toBe('unassigned')
    },
  )

  it('5 GA4 reads them so, on request', () => {
    expect(channel('?utm_source=some-blog&utm_medium=ecp', '', { paidMediums: 'ga4' })).toBe('paid_other')
    expect(channel('?utm_source=some-blog&utm_medium=sponsored', '', { paidMediums: 'ga4' })).toBe(
      'unassigned',
    )
    expect(channel('?utm_source=some-blog&utm_medium=banner', '', { paidMediums: 'ga4' })).toBe('display')
  })

  it('6 a search engine needs no keyword', () => {
    expect(channel('', 'https://www.google.com/')).toBe('organic_search')
  })

  it.each<[string, Channel]>([
    ['https://www.google.com.br/url?q=x', 'organic_search'],
    ['https://images.google.de/', 'organic_search'],
    ['https://www.google.com/aclk?sa=l', 'paid_search'],
    ['https://www.google.co.uk/aclk?sa=l', 'paid_search'],
    ['https://www.google.com/aclkx', 'organic_search'],
    ['https://mail.google.com/mail/u/0/', 'email'],
    ['https://gemini.google.com/app', 'ai'],
    ['https://notebooklm.google.com/', 'ai'],
    ['https://plus.google.com/', 'organic_social'],
    ['https://docs.google.com/document/d/1', 'referral'],
    ['https://news.google.com/', 'referral'],
    ['https://groups.google.com/', 'referral'],
    ['https://accounts.google.com/', 'direct'],
    ['https://pay.google.com/', 'direct'],
    ['https://shop-example.cdn.ampproject.org/', 'organic_search'],
    ['https://tpc.googlesyndication.com/', 'display'],
  ])('7 %s is %s', (referrer, expected) => {
    expect(channel('', referrer)).toBe(expected)
  })

  it.each([
    'https://mail.yandex.ru/',
    'https://mail.yahoo.co.jp/',
    'https://e.mail.ru/',
    'https://email.seznam.cz/',
    'https://outlook.live.com/mail/0/',
    'https://webmail1m.orange.fr/webmail/',
    'https://mail2.daum.net/',
    'https://roundcube.isp.example/',
    'https://deref-gmx.net/mail/client/x',
    'https://shop.us1.list-manage.com/track/click?u=1',
  ])('8 %s is a mailbox, not a search engine', (referrer) => {
    expect(of({ url: SITE, referrer })).toBe('email/email/email')
  })

  it.each([
    'https://www.paypal.com/checkoutnow',
    'https://checkout.stripe.com/c/pay/x',
    'https://shop.app/checkout',
    'https://login.microsoftonline.com/',
    'https://tenant.eu.auth0.com/login',
    'https://pay.klarna.com/',
    'https://3dsecure.bank.example/acs',
  ])('9 %s is passed through', (referrer) => {
    const answer = classify({ url: SITE, referrer })
    expect(answer).toMatchObject({ channel: 'direct', rule_id: 'direct' })
    expect(answer.evidence.referrer_host).toBe(new URL(referrer).hostname)
    expect(channel('?utm_source=newsletter&utm_medium=email', referrer)).toBe('email')
  })

  it('9 for a neighbour of theirs they are a referral like any other', () => {
    expect(classify({ url: 'https://manage.stripe.com/', referrer: 'https://stripe.com/blog' }).channel).toBe(
      'referral',
    )
  })

  it('10 keys and values in any case', () => {
    expect(of({ url: `${SITE}/?UTM_Source=FaceBook&Utm_Medium=CPC` })).toBe('facebook/paid/paid_social')
    expect(of({ url: `${SITE}/?ScCid=x` })).toBe('snapchat/paid/paid_social')
    expect(classify({ url: `${SITE}/?GCLID=CjwKX` }).click_id).toEqual({ name: 'gclid', value: 'CjwKX' })
  })

  it.each([
    '#utm_source=x-list&utm_medium=email',
    '#/route?utm_source=x-list&utm_medium=email',
    '?a=1#!/p?utm_medium=email&utm_source=x-list',
  ])('11 tags in the fragment: %s', (query) => {
    expect(of({ url: `${SITE}/${query}` })).toBe('x-list/email/email')
  })

  it('11 the query wins over the fragment', () => {
    expect(of({ url: `${SITE}/?utm_source=one&utm_medium=email#utm_source=two` })).toBe('one/email/email')
  })

  it.each<[string, Channel]>([
    ['gbraid', 'paid_search'],
    ['wbraid', 'paid_search'],
    ['dclid', 'display'],
    ['yclid', 'paid_search'],
    ['twclid', 'paid_social'],
    ['rdt_cid', 'paid_social'],
    ['epik', 'paid_social'],
    ['qclid', 'paid_social'],
    ['ndclid', 'paid_social'],
    ['gad_campaignid', 'paid_search'],
    ['tblci', 'display'],
    ['dicbo', 'display'],
    ['vmcid', 'paid_other'],
    ['cjevent', 'affiliate'],
    ['awc', 'affiliate'],
    ['ranSiteID', 'affiliate'],
    ['mc_cid', 'email'],
    ['_hsenc', 'email'],
    ['_kx', 'email'],
    ['mkt_tok', 'email'],
    ['sms_click', 'sms'],
    ['igshid', 'organic_social'],
    ['mibextid', 'organic_social'],
    ['srsltid', 'organic_search'],
    ['ysclid', 'organic_search'],
    ['vmcv', 'direct'],
    ['_gl', 'direct'],
    ['si', 'direct'],
    ['_branch_match_id', 'direct'],
  ])('12 %s means %s', (id, expected) => {
    expect(channel(`?${id}=abc123`)).toBe(expected)
  })

  it('13 a click id wins over a referrer that does not fit', () => {
    expect(of({ url: `${SITE}/?msclkid=x`, referrer: 'https://duckduckgo.com/' })).toBe(
      'bing/paid/paid_search',
    )
    expect(
      of({
        url: `${SITE}/?msclkid=x&utm_source=bing&utm_medium=cpc`,
        referrer: 'https://uk.search.yahoo.com/',
      }),
    ).toBe('bing/paid/paid_search')
  })

  it('14 an unknown referrer is a referral', () => {
    expect(of({ url: SITE, referrer: 'https://www.some-blog.example/post' })).toBe(
      'some-blog.example/referral/referral',
    )
  })

  it.each([
    'https://shop.example/',
    'https://WWW.SHOP.EXAMPLE/a',
    'https://www.shop.example:8443/a',
    'https://www.shop.example./a',
    'https://user:pw@www.shop.example/a',
    '//shop.example/a',
    'shop.example/a',
  ])('15 %s is the own site', (referrer) => {
    expect(of({ url: SITE, referrer })).toBe('internal/direct/internal')
  })

  it('15 other hosts of the domain are own on request', () => {
    const input = { url: SITE, referrer: 'https://blog.shop.example/' }
    expect(of(input)).toBe('blog.shop.example/referral/referral')
    expect(of(input, { ownDomains: 'registrable' })).toBe('internal/direct/internal')
    expect(of(input, { ownDomains: ['shop.example'] })).toBe('internal/direct/internal')
    const checkout = { url: SITE, referrer: 'https://shop-checkout.example/' }
    expect(of(checkout, { ownDomains: ['shop-checkout.example'] })).toBe('internal/direct/internal')
  })

  it('15 the request host counts as own too', () => {
    const referrer = 'https://shop.example/a'
    expect(classify({ referrer, request_host: 'shop.example:3000' }).channel).toBe('internal')
    expect(classify({ url: '/path', referrer, request_host: 'www.shop.example' }).channel).toBe('internal')
  })

  it.each([
    'github.io',
    'vercel.app',
    'netlify.app',
    'pages.dev',
    'workers.dev',
    'myshopify.com',
    'herokuapp.com',
    'web.app',
    'firebaseapp.com',
    'onrender.com',
    'fly.dev',
    'azurewebsites.net',
    'cloudfront.net',
    'blogspot.com',
    'wixsite.com',
    'co.uk',
    'com.br',
  ])('16 two sites under %s are not one', (suffix) => {
    const url = `https://b.${suffix}/`
    expect(classify({ url, referrer: `https://a.${suffix}/` }, { ownDomains: 'registrable' }).channel).toBe(
      'referral',
    )
    expect(classify({ url, referrer: `https://x.b.${suffix}/` }, { ownDomains: 'registrable' }).channel).toBe(
      'internal',
    )
  })

  it('17 malformed escapes and IDN', () => {
    expect(classify({ url: `${SITE}/?utm_source=%E0%A4%A&utm_medium=email` })).toMatchObject({
      source: '%e0%a4%a',
      channel: 'email',
    })
    expect(
      classify({ url: 'https://bücher.example/', referrer: 'https://xn--bcher-kva.example/a' }).channel,
    ).toBe('internal')
    expect(classify({ url: 'https://食狮.公司.cn/', referrer: 'https://食狮.公司.cn/%' }).channel).toBe(
      'internal',
    )
    expect(classify({ url: SITE, referrer: 'https://%E4%A/' }).channel).toBe('direct')
  })

  it.each(['null', 'undefined', '', '(not set)', '(none)', '%20', '-', '{{campaign.source}}', 'NULL'])(
    '18 the value "%s" is none',
    (value) => {
      expect(channel(`?utm_source=${value}&utm_medium=${value}&utm_campaign=${value}&gclid=${value}`)).toBe(
        'direct',
      )
    },
  )

  it.each<[string, string]>([
    ['https://x.com/a', 'twitter/social/organic_social'],
    ['https://www.threads.net/', 'threads/social/organic_social'],
    ['https://bsky.app/', 'bluesky/social/organic_social'],
    ['https://www.perplexity.ai/', 'perplexity/referral/ai'],
    ['https://claude.ai/chat/1', 'claude/referral/ai'],
    ['https://copilot.microsoft.com/', 'copilot/referral/ai'],
    ['https://friendfeed.com/', 'friendfeed.com/referral/referral'],
  ])('19 lists of today: %s', (referrer, expected) => {
    expect(of({ url: SITE, referrer })).toBe(expected)
  })

  it('22 a user agent never outweighs a referrer or a tag', () => {
    const agent =
      'Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 334.0'
    expect(channel('', '', {}, agent)).toBe('organic_social')
    expect(channel('', 'https://www.google.com/', {}, agent)).toBe('organic_search')
    expect(channel('?utm_source=x-list&utm_medium=email', '', {}, agent)).toBe('email')
  })

  it('23 Bing Chat is not Bing', () => {
    expect(of({ url: SITE, referrer: 'https://www.bing.com/chat?q=x' })).toBe('copilot/referral/ai')
    expect(of({ url: SITE, referrer: 'https://www.bing.com/search?q=chat' })).toBe(
      'bing/organic/organic_search',
    )
    expect(of({ url: SITE, referrer: 'https://x.com/i/grok' })).toBe('grok/referral/ai')
    expect(of({ url: SITE, referrer: 'https://x.com/i/grokking' })).toBe('twitter/social/organic_social')
  })

  it('24 a copied link: the medium, and for soft ids the referrer, know better; the evidence stays', () => {
    expect(channel('?gclid=x&utm_source=list&utm_medium=email')).toBe('email')
    expect(channel('?gclid=x&utm_source=facebook&utm_medium=social')).toBe('organic_social')
    expect(channel('?fbclid=x', 'https://www.google.com/')).toBe('organic_search')
    const shared = classify({ url: `${SITE}/?gclid=x`, referrer: 'https://some-forum.example/' })
    expect(shared.evidence).toEqual({
      signal: 'click_id',
      value: 'gclid',
      referrer_host: 'some-forum.example',
    })
  })

  it('25 a sponsored click that nothing tells apart is not guessed to be one', () => {
    expect(of({ url: SITE, referrer: 'https://www.linkedin.com/' })).toBe('linkedin/social/organic_social')
  })
})

describe('hygiene', () => {
  it.each([
    'about:blank',
    'file:///C:/a.html',
    'chrome-extension://abc/x.html',
    'data:text/html,x',
    'javascript:void(0)',
    'DIRECT',
    'not-a-url',
    ' ',
    '"',
    'https://',
    'mailto:a@b.example',
    'http:///',
    'https://..',
  ])('%j is no referrer', (referrer) => {
    expect(channel('', referrer)).toBe('direct')
  })

  it.each([
    'http://localhost:4200/',
    'http://127.0.0.1/',
    'http://192.168.1.5:8080/',
    'http://10.0.0.1/',
    'http://[::1]:3000/',
    'http://dev.shop.test/',
    'http://printer.local/',
    'localhost:3000/',
  ])('%s is a development machine', (referrer) => {
    expect(channel('', referrer)).toBe('internal')
  })

  it.each([
    '?a=1?utm_source=x-list&utm_medium=email',
    '?a=1&amp;utm_source=x-list&amp;utm_medium=email',
    '?a=1;utm_source=x-list;utm_medium=email',
    '?utm_source=&utm_source=x-list&utm_source=other&utm_medium=email',
    '?utm_source[]=no&utm_source=x-list&utm_medium=e%20mail',
    '?utm_source=x-list%0D%0A&utm_medium=email"',
    '?utm%5Fsource=x-list&utm_medium=email',
    '?pk_source=x-list&pk_medium=email',
    '?mtm_source=x-list&utm_medium=email',
    '?piwik_source=other&utm_medium=email&utm_source=x-list',
  ])('%s is an email of x-list', (query) => {
    expect(classify({ url: `${SITE}/${query}` })).toMatchObject({ source: 'x-list', channel: 'email' })
  })

  it('decodes once, keeps the case of campaign, term and content', () => {
    const url = `${SITE}/?utm_source=a-list&utm_medium=email&utm_campaign=Spring+Sale%2521&utm_term=Wool%20Shoes&utm_content=A;B`
    expect(classify({ url })).toMatchObject({
      campaign: 'Spring Sale%21',
      term: 'Wool Shoes',
      content: 'A;B',
    })
  })

  it('a very long referrer is cut, not refused', () => {
    expect(channel('', `https://www.google.com/${'x'.repeat(100_000)}`)).toBe('organic_search')
  })

  it('search words, and none on request', () => {
    const input = { url: SITE, referrer: 'https://search.yahoo.com/search?p=wool+shoes&fr=x' }
    expect(classify(input).term).toBe('wool shoes')
    expect(classify(input, { term: false }).term).toBeNull()
    expect(classify({ url: SITE, referrer: 'https://www.google.com/url?q=&url=x' }).term).toBeNull()
  })

  it('translated pages are the page', () => {
    expect(channel('', 'https://www-shop-example.translate.goog/a')).toBe('internal')
    expect(of({ url: SITE, referrer: 'https://en-m-wikipedia-org.translate.goog/' })).toBe(
      'en.m.wikipedia.org/referral/referral',
    )
  })

  it('opt-outs drop the referrer, not the tags', () => {
    expect(channel('?ignore_referrer=1', 'https://www.google.com/')).toBe('direct')
    expect(channel('?utm_nooverride=1&utm_source=bing', 'https://www.google.com/')).toBe('organic_search')
  })
})

describe('apps and in-app browsers', () => {
  it.each<[string, string]>([
    [
      'android-app://com.google.android.googlequicksearchbox/https/www.google.com',
      'google/organic/organic_search',
    ],
    ['android-app://com.google.android.gm', 'email/email/email'],
    ['android-app://com.google.android.youtube/', 'youtube/social/organic_video'],
    ['android-app://com.instagram.barcelona/', 'threads/social/organic_social'],
    ['android-app://com.slack', 'slack/referral/referral'],
    ['android-app://com.some.reader/https/duckduckgo.com/x', 'duckduckgo/organic/organic_search'],
    ['android-app://com.some.reader/', 'com.some.reader/referral/referral'],
    ['android-app://m.facebook.com/', 'facebook/social/organic_social'],
    ['ios-app://544007664/vnd.youtube/www.youtube.com', 'youtube/social/organic_video'],
    ['ios-app://1234567/', '1234567/referral/referral'],
    ['https://android-app//com.reddit.frontpage/', 'reddit/social/organic_social'],
    ['android-app://com.openai.chatgpt', 'chatgpt/referral/ai'],
  ])('%s is %s', (referrer, expected) => {
    expect(of({ url: SITE, referrer })).toBe(expected)
  })

  it.each<[string, string]>([
    ['… (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/450.0]', 'facebook'],
    ['… (KHTML, like Gecko) Version/4.0 Chrome/124 Mobile Safari/537.36 [FB_IAB/Orca-Android;]', 'facebook'],
    ['… (KHTML, like Gecko) Mobile/15E148 Twitter for iPhone/10.40', 'twitter'],
    [
      '… (KHTML, like Gecko) Chrome/124 Mobile Safari/537.36 musical_ly_2023 BytedanceWebview/d8a21c6',
      'tiktok',
    ],
    ['… (KHTML, like Gecko) Chrome/124 Mobile Safari/537.36 Line/13.1', 'line'],
    ['… (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0', 'wechat'],
    ['… (KHTML, like Gecko) Mobile/15E148 [LinkedInApp]/9.29', 'linkedin'],
    ['Instagram 334.0.0.42.95 (iPhone14,5; iOS 17_5)', 'instagram'],
  ])('%s reads in %s', (user_agent, source) => {
    expect(classify({ url: SITE, user_agent })).toMatchObject({
      source,
      channel: 'organic_social',
      confidence: 'medium',
    })
  })

  it('the Google app is a search, at low confidence; a plain browser is nothing', () => {
    const app = '… (KHTML, like Gecko) GSA/300.0 Mobile/15E148 Safari/604.1'
    expect(classify({ url: SITE, user_agent: app })).toMatchObject({
      channel: 'organic_search',
      confidence: 'low',
    })
    const chrome =
      'Mozilla/5.0 (X11; Linux) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36'
    expect(classify({ url: SITE, user_agent: chrome }).rule_id).toBe('direct')
  })
})

describe('tags', () => {
  it.each<[string, string]>([
    ['utm_source=chatgpt.com', 'chatgpt/unknown/ai'],
    ['utm_source=chatgpt.com&utm_medium=cpc', 'chatgpt/paid/paid_other'],
    ['utm_source=perplexity', 'perplexity/unknown/ai'],
    ['utm_source=fb&utm_medium=paid_social', 'facebook/paid/paid_social'],
    ['utm_source=Google Ads', 'google/paid/paid_search'],
    ['utm_source=adwords&utm_medium=ppc', 'google/paid/paid_search'],
    ['utm_source=tiktok_ads', 'tiktok/paid/paid_social'],
    ['utm_source=googleads', 'google/paid/paid_search'],
    ['utm_source=threads', 'threads/unknown/organic_social'],
    ['utm_source=google&utm_medium=organic', 'google/organic/organic_search'],
    ['utm_source=instagram&utm_medium=organic', 'instagram/organic/organic_social'],
    ['utm_source=youtube&utm_medium=referral', 'youtube/referral/organic_video'],
    ['utm_source=google&utm_medium=display', 'google/paid/display'],
    ['utm_source=google&utm_medium=paid_video', 'google/paid/paid_video'],
    ['utm_source=facebook&utm_medium=cpm', 'facebook/paid/paid_social'],
    ['utm_source=partner-x&utm_medium=cpm', 'partner-x/paid/display'],
    ['utm_source=newsletter&utm_medium=cpm', 'newsletter/paid/display'],
    ['utm_source=partner-x&utm_medium=cpc&utm_campaign=workshop', 'partner-x/paid/paid_other'],
    ['utm_source=partner-x&utm_medium=cpc&utm_campaign=e-shop', 'partner-x/paid/paid_shopping'],
    ['utm_source=mailchimp&utm_medium=newsletter_weekly', 'mailchimp/newsletter_weekly/email'],
    ['utm_source=weekly_email', 'weekly_email/unknown/email'],
    ['utm_source=blog&utm_medium=direct-mail', 'blog/direct-mail/unassigned'],
    ['utm_source=flyer&utm_medium=qr', 'flyer/qr/unassigned'],
    ['utm_source=onesignal', 'onesignal/unknown/push'],
    ['utm_source=direct&utm_medium=none', 'direct/direct/direct'],
    ['utm_source=show&utm_medium=podcast', 'show/podcast/audio'],
    ['utm_medium=newsletter&ref=email', 'email/newsletter/email'],
    ['utm_source=web', 'web/unknown/unassigned'],
    ['utm_source=shop', 'shop/unknown/unassigned'],
    ['utm_source=paypal', 'paypal/unknown/unassigned'],
    ['utm_source=google&utm_medium=cross-network', 'google/cross-network/cross_network'],
    ['ref=producthunt', 'producthunt/social/organic_social'],
    ['ref=some-friend.example', 'some-friend.example/referral/referral'],
    ['ref=12345', 'direct/direct/direct'],
    ['gclid=x&utm_medium=display', 'google/paid/display'],
    ['gad_source=2&gclid=x', 'google/paid/display'],
    ['twclid=x&utm_medium=social', 'twitter/paid/paid_social'],
    ['gclid=x&utm_source=google&utm_medium=organic', 'google/paid/paid_search'],
  ])('%s is %s', (query, expected) => {
    expect(of({ url: `${SITE}/?${query}` })).toBe(expected)
  })

  it('gclid from YouTube is a video, from an ad server display', () => {
    expect(channel('?gclid=x', 'https://www.youtube.com/')).toBe('paid_video')
    expect(channel('?gclid=x', 'https://1.safeframe.googlesyndication.com/')).toBe('display')
  })
})
