namespace OptimizerBuild.Kernels;

/// <summary>What an elementwise operation on two u8 tensors is told besides their places.</summary>
internal readonly struct Int8BinaryConstants
{
    /// <summary>The first operand's zero point.</summary>
    public readonly int FirstZeroPoint;

    /// <summary>The first operand's multiplier, or the only one.</summary>
    public readonly int FirstMultiplier;

    /// <summary>The second operand's zero point.</summary>
    public readonly int SecondZeroPoint;

    /// <summary>The second operand's multiplier, negative to subtract it.</summary>
    public readonly int SecondMultiplier;

    /// <summary>Shift, zero point and bounds of the output.</summary>
    public readonly Requantization Requantization;

    /// <summary>All constants.</summary>
    public Int8BinaryConstants(
        int firstZeroPoint, int firstMultiplier, int secondZeroPoint, int secondMultiplier, Requantization requantization)
    {
        FirstZeroPoint = firstZeroPoint;
        FirstMultiplier = firstMultiplier;
        SecondZeroPoint = secondZeroPoint;
        SecondMultiplier = secondMultiplier;
        Requantization = requantization;
    }
}
