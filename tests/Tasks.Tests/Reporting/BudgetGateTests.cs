using OptimizerBuild.Build;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Options;

namespace OptimizerBuild.Reporting;

/// <summary>What a build says of a model that is larger than its item allows.</summary>
public class BudgetGateTests
{
    private static readonly ModelOptions Options = new() { ModelPath = "m.onnx", Name = "m", ClassName = "M" };

    private static readonly ModelReport Report = ModelReport.Of(SmallOutcome.Of(Options)) with
    {
        WeightBytes = 2048, WeightMemoryBytes = 4096, ScratchBytes = 1000, Macs = 1_000_000,
    };

    [Fact]
    public void WhatIsNotLimitedMayBeAnything() => Assert.Empty(BudgetGate.Faults(Report, Options));

    [Fact]
    public void ALimitThatIsReachedIsKept() =>
        Assert.Empty(BudgetGate.Faults(Report, Options with { MaxSize = 2048, MaxMemory = 5096, MaxMacs = 1_000_000 }));

    [Fact]
    public void EachLimitThatIsExceededIsNamedWithBothFigures()
    {
        Diagnostic[] faults = [.. BudgetGate.Faults(Report, Options with { MaxSize = 2047, MaxMemory = 5095, MaxMacs = 999_999 })];

        Assert.All(faults, f => Assert.Equal("OPT0061", f.Descriptor.Code));
        Assert.Contains("take 2,048 bytes, more than the 2,047 bytes that MaxSize allows", faults[0].Text, StringComparison.Ordinal);
        Assert.Contains("take 5,096 bytes (4,096 bytes and 1,000 bytes), more than the 5,095 bytes that MaxMemory allows", faults[1].Text,
            StringComparison.Ordinal);
        Assert.Contains("a prediction takes 1,000,000 multiply-accumulates, more than the 999,999 multiply-accumulates that MaxMacs allows",
            faults[2].Text, StringComparison.Ordinal);
    }
}
