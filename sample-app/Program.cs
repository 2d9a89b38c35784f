using System.Diagnostics;
using System.Globalization;
using System.Text;
using SampleApp;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
Console.OutputEncoding = Encoding.UTF8;

FashionImages images = FashionImages.Read(Path.Combine(AppContext.BaseDirectory, "data", "fashion-test.npz"));

// The class was generated from models/fashion-mobilenet.onnx during the build.
var model = new FashionMobilenet();

int right = 0;
for (int i = 0; i < images.Count; i++)
    if (model.Predict(images.Pixels(i)).Index == images.Label(i))
        right++;

Console.WriteLine($"{FashionMobilenet.Info.ModelFile}: {FashionMobilenet.Info.Precision}, "
    + $"{FashionMobilenet.Info.Macs / 1e6:F1} M multiply-accumulates");
Console.WriteLine($"  Top-1 of the float model, measured by the build      {FashionMobilenet.Info.FloatAccuracy:P1}");
Console.WriteLine($"  Top-1 of the compressed model, measured by the build {FashionMobilenet.Info.Accuracy:P1}");
Console.WriteLine($"  Top-1 of this app on the same {images.Count:N0} images         {(double)right / images.Count:P1}");
Console.WriteLine($"  weights {FashionMobilenet.Info.WeightBytes / 1024.0:F1} KB, "
    + $"scratch memory {FashionMobilenet.Info.ScratchBytes / 1024.0:F1} KB");
Console.WriteLine($"  one prediction on one thread: {FastestMicroseconds(model, images):F1} µs");
Console.WriteLine();

Draw(images, [.. Enumerable.Range(0, 4).Select(i => (i, model.Predict(images.Pixels(i))))]);

// The minimum over many short runs: what the code needs when nothing else disturbs it.
static double FastestMicroseconds(FashionMobilenet model, FashionImages images)
{
    const int Batch = 50;
    double best = double.MaxValue;
    for (int run = 0; run < 60; run++)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < Batch; i++)
            model.Predict(images.Pixels(i));
        best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalMicroseconds / Batch);
    }
    return best;
}

// Images side by side under what the model takes them for. One character for two rows of pixels, as characters are about twice as
// high as wide.
static void Draw(FashionImages images, (int Image, FashionMobilenet.Prediction Prediction)[] classified)
{
    const string Shades = " .:-=+*#%@";
    Console.WriteLine(string.Concat(classified.Select(c =>
        $"  {c.Prediction.Label} ({c.Prediction.Confidence:P1})".PadRight(FashionImages.Side + 4))).TrimEnd());
    for (int y = 0; y < FashionImages.Side; y += 2)
    {
        var line = new StringBuilder();
        foreach ((int image, _) in classified)
        {
            ReadOnlySpan<byte> pixels = images.Pixels(image);
            line.Append("  ");
            for (int x = 0; x < FashionImages.Side; x++)
            {
                int grey = (pixels[(y * FashionImages.Side) + x] + pixels[((y + 1) * FashionImages.Side) + x]) / 2;
                line.Append(Shades[grey * (Shades.Length - 1) / 255]);
            }
            line.Append("  ");
        }
        Console.WriteLine(line.ToString().TrimEnd());
    }
}
