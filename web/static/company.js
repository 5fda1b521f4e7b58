// What the dial format makes of a number, while it is typed.
const field = document.getElementById('f-dial_format');
const preview = document.getElementById('preview');
field.addEventListener('input', async () => {
  const answer = await fetch(`${preview.dataset.url}?dial_format=${encodeURIComponent(field.value)}`);
  if (answer.ok) preview.textContent = (await answer.json()).preview;
});
