using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering.Weights;

namespace OptimizerBuild.Lowering;

/// <summary>Collects the packed weights of a model: sections at multiples of 64 bytes, in the order of their first use, equal ones
/// once.</summary>
internal sealed class WeightsBlob
{
    private const int Alignment = 64;

    private readonly MemoryStream _bytes = new();
    private readonly Dictionary<(int Length, long Hash), List<int>> _sections = [];
    private readonly List<BlobSection> _places = [];

    /// <summary>
    /// The layers whose weights have been added, by name. A model that is lowered for several shapes, or for several samples at once, gives
    /// its weights the forms that they had the first time, so that they are there once.
    /// </summary>
    public Dictionary<string, LayerOfBlob> Layers { get; } = new(StringComparer.Ordinal);

    /// <summary>The sections, in the order of their places.</summary>
    public IReadOnlyList<BlobSection> Sections => _places;

    /// <summary>The number of bytes so far.</summary>
    public int Length => (int)_bytes.Length;

    /// <summary>Adds a section, or finds an equal one.</summary>
    /// <returns>Its offset.</returns>
    /// <exception cref="ModelException">The weights would grow beyond 2 GB.</exception>
    public int Add<T>(ReadOnlySpan<T> section)
        where T : unmanaged => Add(section, Unsafe.SizeOf<T>());

    /// <summary>Adds a section of bytes that are elements of a given size, or finds an equal one.</summary>
    /// <returns>Its offset.</returns>
    /// <exception cref="ModelException">The weights would grow beyond 2 GB.</exception>
    public int Add<T>(ReadOnlySpan<T> section, int elementBytes)
        where T : unmanaged
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(section);
        return Add(bytes, [(bytes.Length, elementBytes)]);
    }

    /// <summary>Adds bytes with parts of different elements, which are sections of their own to whoever codes them.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="parts">The parts' lengths, which add up to all, and the sizes of their elements.</param>
    /// <returns>The offset of the first part.</returns>
    /// <exception cref="ModelException">The weights would grow beyond 2 GB.</exception>
    public int Add(ReadOnlySpan<byte> bytes, IReadOnlyList<(int Bytes, int Element)> parts)
    {
        var key = (bytes.Length, unchecked((long)Kernels.PackedWeights.Checksum(bytes)));
        if (_sections.TryGetValue(key, out List<int>? candidates))
        {
            foreach (int offset in candidates)
                if (_bytes.GetBuffer().AsSpan(offset, bytes.Length).SequenceEqual(bytes))
                    return offset;
        }
        else
        {
            _sections[key] = candidates = [];
        }
        long start = (_bytes.Length + Alignment - 1) / Alignment * Alignment;
        if (start + bytes.Length > MemoryPlanner.MaximumBytes)
            throw new ModelException(DiagnosticCatalog.MemoryOverflow, "the packed weights", start + bytes.Length,
                MemoryPlanner.MaximumBytes);
        _bytes.SetLength(start);
        _bytes.Position = start;
        _bytes.Write(bytes);
        candidates.Add((int)start);
        int at = (int)start;
        foreach ((int length, int element) in parts)
        {
            _places.Add(new(at, length, element));
            at += length;
        }
        return (int)start;
    }

    /// <summary>A blob with the same sections, to which others can be added.</summary>
    public WeightsBlob Copy()
    {
        var copy = new WeightsBlob();
        _bytes.WriteTo(copy._bytes);
        foreach (((int Length, long Hash) key, List<int> offsets) in _sections)
            copy._sections[key] = [.. offsets];
        copy._places.AddRange(_places);
        foreach ((string name, LayerOfBlob layer) in Layers)
            copy.Layers[name] = layer;
        return copy;
    }

    /// <summary>All bytes.</summary>
    public byte[] ToArray() => _bytes.ToArray();
}

/// <summary>A section of the packed weights.</summary>
/// <param name="Offset">Where it begins.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="ElementBytes">The size of one of its elements; 0: two share a byte.</param>
internal sealed record BlobSection(int Offset, int Bytes, int ElementBytes);

/// <summary>A layer whose weights have been added.</summary>
/// <param name="Shape">The layer.</param>
/// <param name="Weights">Its weights.</param>
internal sealed record LayerOfBlob(LayerShape Shape, Tensor Weights)
{
    /// <summary>
    /// Whether weights are those of a layer that differs in nothing but its number of rows, any of which every form's kernels take.
    /// </summary>
    public bool Serves(LayerShape shape, Tensor weights) =>
        Shape with { Rows = shape.Rows, Kernel = shape.Kernel } == shape && Shape.Kernel.SequenceEqual(shape.Kernel)
        && Weights.SameAs(weights);
}
