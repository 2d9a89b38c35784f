using System.Globalization;
using OptimizerBuild.Bench.Reporting;

namespace OptimizerBuild.Bench.Commands;

/// <summary>The figures of one model beside ONNX Runtime; times in microseconds of one prediction.</summary>
internal sealed record ComparisonRow
{
    /// <summary>The model's name.</summary>
    public required string Model { get; init; }

    /// <summary>The runtime of the generated code.</summary>
    public string Runtime { get; } = Measurement.Runtime.Name;

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

    /// <summary>
    /// How well the answers agree with ONNX Runtime's float32: the share of equal classes, or the mean cosine; where there are samples of
    /// several origins, the worst of theirs.
    /// </summary>
    public required double Agreement { get; init; }

    /// <summary>The same with ONNX Runtime's int8.</summary>
    public double? Int8Agreement { get; init; }

    /// <summary>On what samples that was found: the model's data, or noise.</summary>
    public required string AgreementOn { get; init; }

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

    /// <summary>The table on the console and of record.</summary>
    public static Table<ComparisonRow> Table { get; } = new(
        new("model", r => r.Model, Width: 30),
        new("precision", r => r.Precision) { Placement = Placement.Console },
        new("M MACs", r => r.Macs / 1e6, "0.##"),
        new("float → compressed", r => r.Samples == 0 ? r.AgreementText : r.Accuracy, Width: 24) { Placement = Placement.Document },
        new("weights, KB", r => $"{Kilobytes(r.FloatWeightBytes)} → {Kilobytes(r.WeightBytes)}", Width: 13),
        new("scratch, KB", r => r.ScratchBytes / 1024.0, "0.0"),
        new("ours, µs", r => r.OursMinUs, "0.0", 9),
        new("median", r => r.OursMedianUs, "0.0", 9) { Placement = Placement.Console },
        new("p95", r => r.OursP95Us, "0.0", 9) { Placement = Placement.Console },
        new("ORT float32", r => r.OrtFloat32MinUs, "0.0") { Title = "ONNX Runtime float32, µs" },
        new("median", r => r.OrtFloat32MedianUs, "0.0", 9) { Placement = Placement.Console },
        new("ORT int8", r => r.OrtInt8MinUs, "0.0", 9) { Title = "int8, µs" },
        new("median", r => r.OrtInt8MedianUs, "0.0", 9) { Placement = Placement.Console },
        new("ratio", r => r.Ratio, "0.00"),
        new("agreement", r => r.Agreement, "0.0000") { Placement = Placement.Console },
        new("int8", r => r.Int8Agreement, "0.0000", 6) { Placement = Placement.Console },
        new("on", r => r.AgreementOn, Width: 4) { Placement = Placement.Console },
        new("accuracy, measured by the build", r => r.Samples == 0 ? null : $"{r.Accuracy} on {r.Samples} samples")
        {
            Placement = Placement.Console,
        });

    private string Accuracy => string.Create(CultureInfo.InvariantCulture, $"{Metric} {FloatMetric:0.####} → {CompressedMetric:0.####}");

    private string AgreementText => string.Create(CultureInfo.InvariantCulture, $"agreement {Agreement:0.####}");

    private static string Kilobytes(long bytes) => (bytes / 1024.0).ToString("0", CultureInfo.InvariantCulture);
}
