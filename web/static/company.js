// What the dial format makes of a number, while it is typed.
const field = document.getElementById('f-dial_format');
const preview = document.getElementById('preview');

async function show() {
  const asked = field.value;
  const answer = await fetch(`${preview.dataset.url}?dial_format=${encodeURIComponent(asked)}`);
  if (answer.ok && asked === field.value) preview.textContent = (await answer.json()).preview;
}

field.addEventListener('input', show);
show();
