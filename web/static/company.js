// What the dial format makes of a number, and the REFER format of an extension, while they are typed.
for (const preview of document.querySelectorAll('.preview')) {
  const setting = preview.dataset.of;
  const field = document.getElementById(`f-${setting}`);
  const show = async () => {
    const asked = field.value;
    const answer = await fetch(`${preview.dataset.url}?${setting}=${encodeURIComponent(asked)}`);
    if (answer.ok && asked === field.value) preview.textContent = (await answer.json())[setting];
  };
  field.addEventListener('input', show);
  show();
}
