using System.Collections.Immutable;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Compression.Quantization.Calibration;

/// <summary>Mean and variance of each channel of a value over the calibration data.</summary>
internal sealed class ChannelMoments(int channels)
{
    private readonly double[] _sums = new double[channels];
    private readonly double[] _squares = new double[channels];
    private long _count;

    /// <summary>The number of channels.</summary>
    public int Channels => _sums.Length;

    /// <summary>The mean of a channel.</summary>
    public double Mean(int channel) => _count == 0 ? 0 : _sums[channel] / _count;

    /// <summary>The variance of a channel.</summary>
    public double Variance(int channel)
    {
        if (_count == 0)
            return 0;
        double mean = Mean(channel);
        return Math.Max((_squares[channel] / _count) - (mean * mean), 0);
    }

    /// <summary>Adds a tensor whose channels lie along one axis.</summary>
    public void Add(Tensor tensor, int axis)
    {
        ImmutableArray<int> dimensions = tensor.Dimensions;
        int inner = 1;
        for (int i = axis + 1; i < dimensions.Length; i++)
            inner *= dimensions[i];
        float[] values = tensor.Values<float>();
        for (int start = 0, channel = 0; start < values.Length; start += inner, channel = channel + 1 == Channels ? 0 : channel + 1)
        {
            double sum = 0;
            double squares = 0;
            for (int i = start; i < start + inner; i++)
            {
                double v = values[i];
                sum += v;
                squares += v * v;
            }
            if (!double.IsFinite(squares))
                continue;
            _sums[channel] += sum;
            _squares[channel] += squares;
        }
        _count += values.Length / Channels;
    }

    /// <summary>Adds another's sums. Floating-point sums depend on the order: callers add samples in theirs.</summary>
    public void Add(ChannelMoments other)
    {
        for (int c = 0; c < Channels; c++)
        {
            _sums[c] += other._sums[c];
            _squares[c] += other._squares[c];
        }
        _count += other._count;
    }
}
