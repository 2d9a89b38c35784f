namespace OptimizerBuild.Kernels;

/// <summary>The constants of an elementwise operation on two u8 tensors, spread over vectors.</summary>
internal readonly struct Int8BinaryVectors<TVector>
    where TVector : struct
{
    /// <summary>Multipliers: their upper parts, or the whole.</summary>
    public readonly TVector High;

    /// <summary>The multipliers' lower parts.</summary>
    public readonly TVector Low;

    /// <summary>Where the operands are rescaled apart, the upper parts for the second one.</summary>
    public readonly TVector SecondHigh;

    /// <summary>Where the operands are rescaled apart, the lower parts for the second one.</summary>
    public readonly TVector SecondLow;

    /// <summary>What rounding adds before <see cref="Shift"/>.</summary>
    public readonly TVector Rounding;

    /// <summary>The right shift that is left to do.</summary>
    public readonly int Shift;

    /// <summary>All constants.</summary>
    public Int8BinaryVectors(TVector high, TVector low, TVector secondHigh, TVector secondLow, TVector rounding, int shift)
    {
        High = high;
        Low = low;
        SecondHigh = secondHigh;
        SecondLow = secondLow;
        Rounding = rounding;
        Shift = shift;
    }
}
