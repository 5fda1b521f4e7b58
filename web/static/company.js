// What the dial format makes of a number, and the REFER format of an extension, while they are typed.
const server = document.getElementById('f-server');
for (const preview of document.querySelectorAll('.preview')) {
  const setting = preview.dataset.of;
  const field = document.getElementById(`f-${setting}`);
  const show = async () => {
    const asked = new URLSearchParams({ [setting]: field.value, server: server.value }).toString();
    preview.dataset.asked = asked;
    const answer = await fetch(`${preview.dataset.url}?${asked}`);
    const said = answer.ok && (await answer.json());
    // Answers may overtake each other: only the one to what stands there now is shown.
    if (said && preview.dataset.asked === asked) preview.textContent = said[setting];
  };
  for (const each of [field, server]) each.addEventListener('input', show);
  show();
}
