// Sends a file to the lab's own /upload route in one streamed request, so that neither browser nor lab holds it whole.
const uploads = new WeakMap();

export default function (component) {
  const { parentElement, setTriggerValue } = component;
  let upload = uploads.get(parentElement);
  if (!upload) {
    upload = new ClipUpload(parentElement);
    uploads.set(parentElement, upload);
  }
  upload.report = (clip) => setTriggerValue("clip", clip);
  return () => {
    upload.request?.abort();
    uploads.delete(parentElement);
  };
}

class ClipUpload {
  constructor(root) {
    this.find = (selector) => root.querySelector(selector);
    this.drop = this.find(".drop");
    const input = this.find("input");
    input.onchange = () => {
      if (input.files.length) this.send(input.files[0]);
      input.value = "";
    };
    this.drop.ondragover = (event) => {
      event.preventDefault();
      this.drop.classList.add("over");
    };
    this.drop.ondragleave = () => this.drop.classList.remove("over");
    this.drop.ondrop = (event) => {
      event.preventDefault();
      this.drop.classList.remove("over");
      if (event.dataTransfer.files.length) this.send(event.dataTransfer.files[0]);
    };
    this.find(".stop").onclick = () => this.request?.abort();
  }

  send(file) {
    const request = new XMLHttpRequest();
    this.request = request;
    this.show(file);
    request.open("POST", `/upload?name=${encodeURIComponent(file.name)}`);
    request.upload.onprogress = (event) => this.progress(event.loaded, event.total);
    request.onload = () => this.answered(request);
    request.onerror = () => this.end("The upload broke off: the lab cannot be reached. Try again.", true);
    request.onabort = () => this.end("Upload cancelled; nothing was kept.", false);
    request.send(file);
  }

  show(file) {
    this.say("", false);
    this.drop.hidden = true;
    this.find(".going").hidden = false;
    this.find(".name").textContent = file.name;
    this.progress(0, file.size);
  }

  progress(sent, total) {
    const share = total ? Math.floor((100 * sent) / total) : 100;
    this.find(".bar").style.width = `${share}%`;
    this.find(".track").setAttribute("aria-valuenow", share);
    this.find(".state").textContent = sent < total ? `${megabytes(sent)} of ${megabytes(total)}` : "Reading the video…";
  }

  answered(request) {
    let answer = null;
    try {
      answer = JSON.parse(request.responseText);
    } catch {
      // Not the agent's answer: the status below says so.
    }
    if (request.status === 201 && answer?.name) {
      this.end(`${answer.title} is in the catalogue: ${answer.width}×${answer.height}, ${answer.frames} frames.`, false);
      this.report({ name: answer.name });
    } else {
      this.end(answer?.error?.message ?? `The upload was refused (HTTP ${request.status}).`, true);
    }
  }

  end(sentence, bad) {
    this.request = null;
    this.drop.hidden = false;
    this.find(".going").hidden = true;
    this.say(sentence, bad);
  }

  say(sentence, bad) {
    const said = this.find(".said");
    said.textContent = sentence;
    said.classList.toggle("bad", bad);
  }
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
