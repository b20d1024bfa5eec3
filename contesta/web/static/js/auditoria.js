const audio = document.getElementById("grabacion");

for (const button of document.querySelectorAll(".jump")) {
  button.addEventListener("click", () => {
    if (!(audio instanceof HTMLAudioElement) || !(button instanceof HTMLElement)) return;
    audio.currentTime = Number(button.dataset.seconds);
    audio.play().catch(() => {});
  });
}
