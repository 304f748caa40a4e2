// The prompt box: one stream at a time through the server's own API. Whatever a model writes becomes text, never markup.

/** Yields the data of server-sent events. */
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split('\n\n');
    rest = parts.pop();
    for (const part of parts) {
      const data = part.split('\n').filter(line => line.startsWith('data:')).map(line => line.slice(5).trimStart());
      if (data.length) yield data.join('\n');
    }
  }
}

function startTry(server) {
  const $ = id => document.getElementById(id);
  const messages = [];
  let running = null;

  const chat = () => document.querySelector('input[name=kind]:checked').value === 'chat';

  function say(text, bad = false) {
    $('said').textContent = text;
    $('said').classList.toggle('bad', bad);
  }

  function add(name, text, mine) {
    const paragraph = document.createElement('p');
    paragraph.className = mine ? 'mine' : '';
    const who = document.createElement('span');
    who.className = 'name';
    who.textContent = name;
    const words = document.createElement('span');
    words.textContent = text;
    paragraph.append(who, words);
    $('talk').append(paragraph);
    $('talk').scrollTop = $('talk').scrollHeight;
    return words;
  }

  function clear() {
    running?.abort();
    messages.length = 0;
    $('talk').replaceChildren();
    say('');
  }

  async function ask(prompt) {
    const isChat = chat();
    const question = { role: 'user', content: prompt };
    const body = { stream: true, max_tokens: Number($('limit').value), temperature: Number($('heat').value) };
    if (isChat) {
      messages.push(question);
      body.messages = messages;
      add('You', prompt, true);
    } else {
      $('talk').replaceChildren();
      body.prompt = prompt;
    }
    const words = add(isChat ? 'Model' : 'The text goes on', '', false);
    running = new AbortController();
    const began = performance.now();
    let first = NaN;
    let answer = '';
    let last = null;
    const finished = () => Number.isFinite(first) ? '; first token after ' + seconds(first / 1e3) : '';
    try {
      const response = await server(isChat ? '/v1/chat/completions' : '/v1/completions', {
        method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), signal: running.signal });
      if (!response.ok) {
        const error = await response.json().catch(() => null);
        throw new Error(error?.error?.message ?? 'The server answered ' + response.status);
      }
      for await (const data of events(response.body)) {
        if (data === '[DONE]') break;
        const event = JSON.parse(data);
        if (event.error) throw new Error(event.error.message);
        const choice = event.choices?.[0];
        const piece = (isChat ? choice?.delta?.content : choice?.text) ?? '';
        if (piece) {
          if (Number.isNaN(first)) first = performance.now() - began;
          answer += piece;
          words.textContent = answer;
          const log = $('talk');
          if (log.scrollHeight - log.scrollTop - log.clientHeight < 60) log.scrollTop = log.scrollHeight;
        }
        if (choice?.finish_reason) last = event;
      }
      if (!last) throw new Error('The answer broke off.');
      const speed = last.timings ? ', ' + rate(last.timings.predicted_per_second) + ' tokens/s' : '';
      const why = last.choices[0].finish_reason === 'length' ? 'Stopped at the limit' : 'Done';
      say(why + ': ' + (last.timings ? last.timings.predicted_n + ' tokens' : '') + speed + finished());
    } catch (error) {
      if (error.name === 'AbortError') say('Stopped' + finished());
      else say(error.message, true);
    }
    // Unless the conversation was cleared meanwhile.
    if (messages.at(-1) === question) {
      if (answer) {
        messages.push({ role: 'assistant', content: answer });
      } else {
        // Nothing was said, so the question can be put again.
        messages.pop();
        $('prompt').value ||= prompt;
      }
    }
    if (!answer) words.parentElement.remove();
    running = null;
  }

  $('ask').addEventListener('submit', async event => {
    event.preventDefault();
    const prompt = $('prompt').value;
    if (running || !prompt) return;
    if (chat()) $('prompt').value = '';
    $('send').disabled = true;
    $('stop').disabled = false;
    $('talk').setAttribute('aria-busy', 'true'); // Read out when it is whole, not word by word.
    say('Waiting for the model…');
    await ask(prompt);
    $('talk').setAttribute('aria-busy', 'false');
    $('send').disabled = false;
    $('stop').disabled = true;
    $('prompt').focus();
  });
  $('prompt').addEventListener('keydown', event => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      $('ask').requestSubmit();
    }
  });
  $('stop').addEventListener('click', () => running?.abort());
  $('clear').addEventListener('click', clear);
  for (const radio of document.querySelectorAll('input[name=kind]')) {
    radio.addEventListener('change', () => {
      clear();
      $('prompt-label').textContent = chat() ? 'Message' : 'Text to continue';
    });
  }
}
