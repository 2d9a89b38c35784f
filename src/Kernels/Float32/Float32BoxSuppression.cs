namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>
/// Chooses the boxes with the highest scores of each class, without those that overlap one of the same class chosen before. Candidates
/// stand in a heap, so that only those that are looked at are put in order; of equal scores the lower index comes first. A score that is
/// no number is never chosen.
/// </summary>
internal static class Float32BoxSuppression
{
    /// <summary>Chooses boxes.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="boxes">Operand offset of the boxes, [batches, count, 4].</param>
    /// <param name="scores">Operand offset of the scores, [batches, classes, count].</param>
    /// <param name="heap">Arena offset of <paramref name="count"/> signed 32-bit integers of scratch memory.</param>
    /// <param name="output">Arena offset of the rows [batches·classes·most, 3] of signed 64-bit integers: batch, class, box.</param>
    /// <param name="length">Arena offset of a signed 64-bit integer, how many rows there are.</param>
    /// <param name="batches">The number of images.</param>
    /// <param name="classes">The number of classes.</param>
    /// <param name="count">The boxes of an image.</param>
    /// <param name="most">How many boxes of a class are chosen at most.</param>
    /// <param name="overlap">The share of the joint area above which boxes overlap too much.</param>
    /// <param name="bounded">1 where scores must exceed <paramref name="least"/>, 0 where all take part.</param>
    /// <param name="least">What scores must exceed.</param>
    /// <param name="centered">1 for boxes of centre and extent (x, y, width, height), 0 for two opposite corners (y, x, y, x).</param>
    public static void Run(
        Workspace w, int boxes, int scores, int heap, int output, int length, int batches, int classes, int count, int most,
        float overlap, int bounded, float least, int centered)
    {
        ref float box = ref Unsafe.As<byte, float>(ref w.Operand(boxes));
        ref float score = ref Unsafe.As<byte, float>(ref w.Operand(scores));
        ref int order = ref Unsafe.As<byte, int>(ref w.Arena(heap));
        ref long rows = ref Unsafe.As<byte, long>(ref w.Arena(output));
        nint chosen = 0;
        for (nint b = 0; b < batches; b++)
        {
            for (nint c = 0; c < classes; c++)
            {
                nint first = chosen;
                int candidates = Collect(ref score, ref order, count, bounded != 0, least);
                for (int left = candidates; left > 0 && chosen - first < most; left--)
                {
                    int next = order;
                    order = Unsafe.Add(ref order, left - 1);
                    Sink(ref score, ref order, 0, left - 1);
                    if (IsFree(ref box, ref Unsafe.Add(ref rows, first * 3), chosen - first, next, overlap, centered != 0))
                    {
                        ref long row = ref Unsafe.Add(ref rows, chosen++ * 3);
                        row = b;
                        Unsafe.Add(ref row, 1) = c;
                        Unsafe.Add(ref row, 2) = next;
                    }
                }
                score = ref Unsafe.Add(ref score, count);
            }
            box = ref Unsafe.Add(ref box, (nint)count * 4);
        }
        for (nint i = chosen * 3; i < (nint)batches * classes * most * 3; i++)
            Unsafe.Add(ref rows, i) = 0;
        Unsafe.As<byte, long>(ref w.Arena(length)) = chosen;
    }

    // The candidates of a class as a heap.
    private static int Collect(ref float score, ref int order, int count, bool bounded, float least)
    {
        int candidates = 0;
        for (int i = 0; i < count; i++)
        {
            float s = Unsafe.Add(ref score, i);
            if (bounded ? s > least : !float.IsNaN(s))
                Unsafe.Add(ref order, candidates++) = i;
        }
        for (int i = (candidates / 2) - 1; i >= 0; i--)
            Sink(ref score, ref order, i, candidates);
        return candidates;
    }

    private static void Sink(ref float score, ref int order, int place, int count)
    {
        while ((place * 2) + 1 < count)
        {
            int child = (place * 2) + 1;
            if (child + 1 < count && Precedes(ref score, Unsafe.Add(ref order, child + 1), Unsafe.Add(ref order, child)))
                child++;
            if (!Precedes(ref score, Unsafe.Add(ref order, child), Unsafe.Add(ref order, place)))
                return;
            (Unsafe.Add(ref order, child), Unsafe.Add(ref order, place)) = (Unsafe.Add(ref order, place), Unsafe.Add(ref order, child));
            place = child;
        }
    }

    private static bool Precedes(ref float score, int a, int b)
    {
        (float x, float y) = (Unsafe.Add(ref score, a), Unsafe.Add(ref score, b));
        return x > y || (x == y && a < b);
    }

    private static bool IsFree(ref float boxes, ref long rows, nint chosen, int candidate, float overlap, bool centered)
    {
        (float left, float top, float right, float bottom) = Edges(ref Unsafe.Add(ref boxes, (nint)candidate * 4), centered);
        float area = (right - left) * (bottom - top);
        for (nint i = 0; i < chosen; i++)
        {
            (float l, float t, float r, float b) = Edges(ref Unsafe.Add(ref boxes, (nint)Unsafe.Add(ref rows, (i * 3) + 2) * 4), centered);
            float width = Math.Min(right, r) - Math.Max(left, l), height = Math.Min(bottom, b) - Math.Max(top, t);
            if (!(width > 0 && height > 0))
                continue;
            float common = width * height, other = (r - l) * (b - t), union = area + other - common;
            if (common > 0 && area > 0 && other > 0 && union > 0 && common / union > overlap)
                return false;
        }
        return true;
    }

    private static (float Left, float Top, float Right, float Bottom) Edges(ref float box, bool centered)
    {
        (float a, float b) = (box, Unsafe.Add(ref box, 1));
        (float c, float d) = (Unsafe.Add(ref box, 2), Unsafe.Add(ref box, 3));
        return centered
            ? (a - (c / 2), b - (d / 2), a + (c / 2), b + (d / 2))
            : (Math.Min(b, d), Math.Min(a, c), Math.Max(b, d), Math.Max(a, c));
    }
}
