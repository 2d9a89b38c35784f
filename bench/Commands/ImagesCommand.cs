using System.CommandLine;
using OptimizerBuild.Bench.Measurement;
using OptimizerBuild.Bench.Reporting;
using OptimizerBuild.Kernels;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Bench.Commands;

/// <summary><c>images</c>: how long the generated code takes to bring an image to the size that a model takes, on one thread.</summary>
internal sealed class ImagesCommand : BenchCommand
{
    private static readonly Table<ImageRow> Columns = new(
        new("image", r => r.Image, Width: 12),
        new("to", r => r.To, Width: 10),
        new("filter", r => r.Filter, Width: 20),
        new("µs", r => r.Microseconds, "F1", 9),
        new("Mpixel/s", r => r.MegaPixels, "F0", 9) { Title = "million pixels read a second" });

    // A thumbnail, a frame of a camera and a photograph, to what MNIST's and ImageNet's networks take.
    private static readonly (int Width, int Height, int Side)[] Sizes =
        [(100, 100, 28), (640, 480, 224), (1920, 1080, 224), (4000, 3000, 224)];

    private readonly Option<double> _seconds;
    private readonly FigureFiles _files;

    /// <summary>Declares the command and its options.</summary>
    public ImagesCommand()
        : base("images", "Resizing images for a model, as the generated code does it")
    {
        _seconds = SecondsOption("each image");
        _files = new(this);
        Frameworks = new(this);
    }

    /// <summary>Measures every size with every filter.</summary>
    public static IEnumerable<ImageRow> Measure(double seconds)
    {
        foreach ((int width, int height, int side) in Sizes)
        {
            var pixels = new byte[width * height * 3];
            new Random(1).NextBytes(pixels);
            foreach (ImageFilter filter in Enum.GetValues<ImageFilter>())
            {
                var resizer = new ImageResizer(side, side, 3, false, side, side, 0, (int)filter);
                double time = Stopwatches.Fastest(
                    () => resizer.Run(pixels, width, height, 0, ImageResizer.Rgb24, nameof(pixels)), seconds);
                yield return new($"{width}×{height}", $"{side}×{side}", filter.ToString(), time, (double)width * height / time);
            }
        }
    }

    /// <summary>The table of record.</summary>
    public static string Markdown(IReadOnlyList<ImageRow> rows) => Document.Of(
        "images", $"{Machine.Processor}, one thread, red, green and blue of a byte each, minimum.", Columns.Markdown(rows));

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        _files.Write(line, Columns.Print(Measure(line.GetValue(_seconds))), Markdown);
        return 0;
    }
}

/// <summary>The resizing of an image.</summary>
/// <param name="Image">Its size.</param>
/// <param name="To">The size that it gets.</param>
/// <param name="Filter">By what filter.</param>
/// <param name="Microseconds">The shortest time in microseconds.</param>
/// <param name="MegaPixels">The pixels of the image ÷ this time, in millions a second.</param>
internal sealed record ImageRow(string Image, string To, string Filter, double Microseconds, double MegaPixels);
