/** First in, first out, each step in constant time however many wait: an array's own `shift` moves all that follow. */
export class Queue<T> {
  private items: (T | undefined)[] = [];
  private first = 0;

  get length(): number {
    return this.items.length - this.first;
  }
  get head(): T | undefined {
    return this.items[this.first];
  }
  get last(): T | undefined {
    return this.length === 0 ? undefined : this.items[this.items.length - 1];
  }
  /** The one that is `index` behind the head. */
  at(index: number): T | undefined {
    return this.items[this.first + index];
  }

  push(item: T): void {
    this.items.push(item);
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined;
    const item = this.items[this.first];
    this.items[this.first] = undefined;
    this.first += 1;
    if (this.first === this.items.length) this.clear();
    else if (this.first > 1024 && this.first * 2 > this.items.length) {
      this.items = this.items.slice(this.first);
      this.first = 0;
    }
    return item;
  }

  /** Takes it out wherever it is; cheap at both ends. */
  remove(item: T): boolean {
    if (this.length === 0) return false;
    if (this.head === item) this.shift();
    else if (this.last === item) this.items.pop();
    else {
      const at = this.items.indexOf(item, this.first);
      if (at < 0) return false;
      this.items.splice(at, 1);
    }
    return true;
  }

  clear(): void {
    this.items = [];
    this.first = 0;
  }
}
