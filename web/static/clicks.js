// A double click presses one button once. What its first click did may have put another button under the pointer: Ready
// where Hang up was, the next customer's outcomes, the next alert's Clear; or have given the same one another meaning.

document.addEventListener('click', (event) => {
  if (event.detail < 2 || !event.target.closest('button') || event.target.closest('#phone-mute')) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);
