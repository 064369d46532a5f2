"use strict";
(() => {
  const field = document.getElementById("seek");
  field.parentElement.hidden = false;
  const count = document.getElementById("count");
  const things = [...document.querySelectorAll("[data-s]")];
  const studies = things.filter((thing) => thing.matches(".study"));
  const seek = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const thing of things) thing.hidden = !words.every((word) => thing.dataset.s.includes(word));
    for (const board of document.querySelectorAll(".board")) board.hidden = !board.querySelector("tbody tr:not([hidden])");
    const left = studies.filter((study) => !study.hidden).length;
    count.textContent = words.length ? `${left} of ${studies.length}` : "";
  };
  field.addEventListener("input", seek);
  // A search can be linked to: index.html#?alexnet
  if (location.hash.startsWith("#?")) field.value = decodeURIComponent(location.hash.slice(2));
  seek();
})();
