using System.Numerics;
using System.Runtime.InteropServices;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>
/// The sums <c>bias'[c] + Σ x[k]·w[c][k]</c> of one group of output channels and their requantisation (docs/arithmetic.md, Dot products).
/// Sums run in 32 bits where the bound of <see cref="AccumulatorBound"/> holds, else in 64.
/// </summary>
internal sealed class ChannelSums
{
    private readonly int _channels;
    private readonly int _length;
    private readonly int _stride;
    private readonly int[] _weights;
    private readonly long[] _bias;
    private readonly bool _narrow;

    /// <summary>Unpacks the weights of channels <paramref name="first"/> to <paramref name="first"/> + <paramref name="channels"/> − 1.</summary>
    public ChannelSums(DotProductLayer layer, WeightQuantization weights, int zeroPoint, int first, int channels)
    {
        long greatest = 0;
        _channels = channels;
        _length = layer.Length;
        _stride = (channels + Vector<int>.Count - 1) / Vector<int>.Count * Vector<int>.Count;
        _weights = new int[_length * _stride];
        _bias = new long[channels];
        for (int c = 0; c < channels; c++)
        {
            long sum = 0;
            long absolute = 0;
            for (int k = 0; k < _length; k++)
            {
                int w = weights.Values[layer.Index(first + c, k)];
                _weights[(k * _stride) + c] = w;
                sum += w;
                absolute += Math.Abs(w);
            }
            _bias[c] = weights.Bias[first + c] - (zeroPoint * sum);
            greatest = Math.Max(greatest, Math.Abs(_bias[c]) + (255 * absolute));
        }
        _narrow = greatest < AccumulatorBound.Limit;
    }

    /// <summary>Space for one call of <see cref="Compute"/>; one for each thread.</summary>
    public int[] NewScratch() => new int[_stride];

    /// <summary>Computes the sums for one row of inputs.</summary>
    /// <param name="x">The inputs as stored, padding included.</param>
    /// <param name="scratch">From <see cref="NewScratch"/>.</param>
    /// <param name="sums">Receives one sum for each channel.</param>
    public void Compute(ReadOnlySpan<int> x, int[] scratch, Span<long> sums)
    {
        if (_narrow)
        {
            Array.Clear(scratch);
            Span<Vector<int>> accumulators = MemoryMarshal.Cast<int, Vector<int>>(scratch.AsSpan());
            ReadOnlySpan<Vector<int>> weights = MemoryMarshal.Cast<int, Vector<int>>(_weights.AsSpan());
            for (int k = 0; k < x.Length; k++)
            {
                if (x[k] == 0)
                    continue;
                var factor = new Vector<int>(x[k]);
                ReadOnlySpan<Vector<int>> row = weights.Slice(k * accumulators.Length, accumulators.Length);
                for (int i = 0; i < row.Length; i++)
                    accumulators[i] += factor * row[i];
            }
            for (int c = 0; c < _channels; c++)
                sums[c] = scratch[c] + _bias[c];
            return;
        }
        for (int c = 0; c < _channels; c++)
        {
            long sum = _bias[c];
            for (int k = 0; k < _length; k++)
                sum += (long)x[k] * _weights[(k * _stride) + c];
            sums[c] = sum;
        }
    }
}
