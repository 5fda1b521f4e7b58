"""The parts of the phone in the operator's page, each by itself in a real browser."""

import pytest

from tests.web.browser import CHROMIUM

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="no chromium here: apt-get install chromium"),
]


def test_microphone_that_was_lost_is_told_still_when_sound_that_was_kept_back_is_over(page):
    told = page.evaluate("""async () => {
        const { Sound } = await import('/static/sound.js');
        const [input, output, you, them, audio] = ['select', 'select', 'meter', 'meter', 'audio']
          .map((name) => document.createElement(name));
        const told = [];
        const sound = new Sound({ input, output, you, them, audio }, { onTrouble: (words) => told.push(words) });
        audio.play = async () => { throw new DOMException('', 'NotAllowedError') };
        navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotFoundError') };
        await sound.start();
        await sound.reopen();
        sound.silence();
        return told;
    }""")
    assert told == [
        "click anywhere on this page, or you hear nothing",
        *["no microphone was found: plug in your headset"] * 2,
    ]


def test_line_taken_back_after_its_microphone_came_back_elsewhere_is_registered_again(page):
    said = page.evaluate("""async () => {
        const { SipLine } = await import('/static/sip.js');
        const account = { urls: ['/sip'], uri: 'sip:1001@example.com', user: '1001', password: 'one' };
        const silent = () => {};
        const line = new SipLine(account, { registered: silent, connecting: silent, refused: silent });
        line.close();
        const said = [];
        line.ua = {
          set: (what, value) => said.push(value), isConnected: () => true,
          register: () => said.push('register'), unregister: () => said.push('unregister'),
        };
        line.present(false);
        line.use({ password: 'two' }, false);
        line.use({ password: 'three' }, true);
        return [...said, line.absent];
    }""")
    assert said == ["unregister", "two", "three", "register", False]
