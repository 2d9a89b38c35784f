using System.Globalization;

namespace OptimizerBuild.Bench;

/// <summary>The figures of one model beside ONNX Runtime; times in microseconds of one prediction.</summary>
internal sealed record ComparisonRow
{
    /// <summary>The model's name.</summary>
    public required string Model { get; init; }

    /// <summary>Threads of one prediction.</summary>
    public required int Threads { get; init; }

    /// <summary>The precision of the generated code.</summary>
    public required string Precision { get; init; }

    /// <summary>The generated code: minimum, median and 95th percentile.</summary>
    public required double OursMinUs { get; init; }

    /// <inheritdoc cref="OursMinUs"/>
    public required double OursMedianUs { get; init; }

    /// <inheritdoc cref="OursMinUs"/>
    public required double OursP95Us { get; init; }

    /// <summary>ONNX Runtime on the model's own file: minimum and median.</summary>
    public required double OrtFloat32MinUs { get; init; }

    /// <inheritdoc cref="OrtFloat32MinUs"/>
    public required double OrtFloat32MedianUs { get; init; }

    /// <summary>ONNX Runtime on the compressed model that the build exports: minimum and median; null for a float32 predictor.</summary>
    public double? OrtInt8MinUs { get; init; }

    /// <inheritdoc cref="OrtInt8MinUs"/>
    public double? OrtInt8MedianUs { get; init; }

    /// <summary>The better minimum of ONNX Runtime ÷ ours: above 1 the generated code is ahead.</summary>
    public double Ratio => Math.Round(Math.Min(OrtFloat32MinUs, OrtInt8MinUs ?? double.MaxValue) / OursMinUs, 3);

    /// <summary>How well the answers agree with ONNX Runtime's float32: the share of equal classes, or the mean cosine.</summary>
    public required double Agreement { get; init; }

    /// <summary>The same with ONNX Runtime's int8.</summary>
    public double? Int8Agreement { get; init; }

    /// <summary>The size of the float model's constants.</summary>
    public required long FloatWeightBytes { get; init; }

    /// <summary>The size of the packed weights.</summary>
    public required long WeightBytes { get; init; }

    /// <summary>The size of the scratch memory.</summary>
    public required long ScratchBytes { get; init; }

    /// <summary>Multiply-accumulates.</summary>
    public required long Macs { get; init; }

    /// <summary>What accuracy the build measured; empty where there are no labels.</summary>
    public required string Metric { get; init; }

    /// <summary>The float model's.</summary>
    public double? FloatMetric { get; init; }

    /// <summary>The compressed model's.</summary>
    public double? CompressedMetric { get; init; }

    /// <summary>On how many samples.</summary>
    public required int Samples { get; init; }

    /// <summary>The heading of the lines on the console.</summary>
    public static string Heading =>
        $"{"model",-34} {"precision",-9} {"ours µs",10} {"median",10} {"p95",10} {"ORT f32",10} {"median",10} {"ORT int8",10} {"median",10} "
        + $"{"ratio",7} {"agree",7} {"int8",7} {"weights",10} {"scratch",10} {"M MACs",8}  accuracy, measured by the build";

    /// <summary>The line on the console.</summary>
    public string Line => string.Create(
        CultureInfo.InvariantCulture,
        $"{Model,-34} {Precision,-9} {OursMinUs,10:F1} {OursMedianUs,10:F1} {OursP95Us,10:F1} {OrtFloat32MinUs,10:F1} {OrtFloat32MedianUs,10:F1} "
        + $"{OrtInt8MinUs,10:F1} {OrtInt8MedianUs,10:F1} {Ratio,7:F2} {Agreement,7:F4} {Int8Agreement,7:F4} {WeightBytes,10} {ScratchBytes,10} "
        + $"{Macs / 1e6,8:F2}  {(Samples == 0 ? "" : $"{Accuracy} on {Samples:N0} samples")}");

    /// <summary>The heading of the table of record.</summary>
    public const string MarkdownHeading =
        "| model | M MACs | float → compressed | weights, KB | scratch, KB | ours, µs | ONNX Runtime float32, µs | int8, µs | ratio |\n"
        + "|---|---|---|---|---|---|---|---|---|\n";

    /// <summary>The row of the table of record.</summary>
    public string Markdown => string.Create(
        CultureInfo.InvariantCulture,
        $"| {Model} | {Macs / 1e6:0.##} | {(Samples == 0 ? $"agreement {Agreement:0.####}" : Accuracy)} "
        + $"| {FloatWeightBytes / 1024.0:0} → {WeightBytes / 1024.0:0} | {ScratchBytes / 1024.0:0.0} | {OursMinUs:0.0} | {OrtFloat32MinUs:0.0} "
        + $"| {(OrtInt8MinUs is { } int8 ? int8.ToString("0.0", CultureInfo.InvariantCulture) : "")} | {Ratio:0.00} |\n");

    private string Accuracy => string.Create(CultureInfo.InvariantCulture, $"{Metric} {FloatMetric:0.####} → {CompressedMetric:0.####}");
}
