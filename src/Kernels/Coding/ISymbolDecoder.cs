namespace OptimizerBuild.Kernels;

using global::System;

/// <summary>
/// Reads symbols of one section of coded weights one after the other. A symbol stands for a byte of the section's list of values. Whatever
/// the code holds, nothing is read or written outside of the spans.
/// </summary>
internal interface ISymbolDecoder
{
    /// <summary>Reads what stands before the symbols and fills the tables.</summary>
    /// <param name="source">The section's code.</param>
    /// <param name="position">Where the decoder's part of it begins.</param>
    /// <param name="values">The byte that each symbol stands for: 2 to 256.</param>
    /// <param name="tables">Memory of <see cref="CodedWeights.TableBytes"/> bytes that stays the section's until its end.</param>
    /// <exception cref="System.IO.InvalidDataException">The code is damaged.</exception>
    void Begin(ReadOnlySpan<byte> source, int position, ReadOnlySpan<byte> values, Span<byte> tables);

    /// <summary>
    /// Decodes as many symbols as the target has bytes; their number is a multiple of four but for a section's last ones.
    /// </summary>
    /// <exception cref="System.IO.InvalidDataException">The code is damaged.</exception>
    void Next(ReadOnlySpan<byte> source, ReadOnlySpan<byte> tables, Span<byte> target);

    /// <summary>Checks that the code ends here.</summary>
    /// <exception cref="System.IO.InvalidDataException">It does not: it is damaged.</exception>
    void End(ReadOnlySpan<byte> source);
}
