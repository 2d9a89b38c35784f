// White strokes on black, as the images that the model was trained with.
export function clear(canvas) {
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.fillStyle = 'black';
  context.fillRect(0, 0, canvas.width, canvas.height);
  return context;
}

export function start(canvas, page) {
  const context = clear(canvas);
  context.strokeStyle = 'white';
  context.lineWidth = 44;
  context.lineCap = context.lineJoin = 'round';
  canvas.dataset.ready = '';
  canvas.onpointerdown = event => {
    canvas.setPointerCapture(event.pointerId);
    context.beginPath();
    context.moveTo(event.offsetX, event.offsetY);
  };
  canvas.onpointermove = event => {
    if (event.buttons === 0) return;
    context.lineTo(event.offsetX, event.offsetY);
    context.stroke();
  };
  canvas.onpointerup = () => {
    const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
    page.invokeMethodAsync('Drawn', new Uint8Array(data.buffer), width, height);
  };
}
